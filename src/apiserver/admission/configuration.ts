/** The AdmissionConfiguration file, and the reading of what it says for single plugins. */

import { AdmissionConfigurationError } from './plugin-choice.ts'
import { decode, DecodeError, strictDecodingError } from '#schema/decode.ts'
import { MalformedInput } from '#schema/malformed-input.ts'
import { list, message, opt, string } from '#schema/message.ts'
import { parseYaml } from '#schema/yaml.ts'

type MessageType<T> = { new (): T; readonly schema: Parameters<typeof decode>[0] }

const GROUP = 'apiserver.config.k8s.io'

class AdmissionPluginConfiguration extends message('k8s.io.apiserver.apis.apiserver.AdmissionPluginConfiguration', {
  name: opt(1, string),
  path: opt(2, string),
}) {}

class AdmissionConfiguration extends message('k8s.io.apiserver.apis.apiserver.AdmissionConfiguration', {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  plugins: opt(3, list(AdmissionPluginConfiguration)),
}) {}

/** What the file has for each plugin, by name; `read` gets files that it names. Throws AdmissionConfigurationError, and what `read` throws. */
export function pluginConfigurations(text: string, read: (path: string) => string): ReadonlyMap<string, unknown> {
  const value = yaml(text)
  // what a plugin is configured with is of its own kind, which is known to it alone
  const given = (value ?? {}) as { readonly plugins?: readonly Readonly<Record<string, unknown>>[] }
  const plugins = Array.isArray(given.plugins) ? (given.plugins as readonly Readonly<Record<string, unknown>>[]) : []
  const plain = { ...given, ...(plugins.length > 0 && { plugins: plugins.map(withoutConfiguration) }) }
  const { plugins: decoded = [] } = configurationOf(plain, AdmissionConfiguration, { group: GROUP, versions: ['v1', 'v1alpha1'] })
  return new Map(
    decoded.map(({ name = '', path = '' }, index) => {
      const own = plugins[index]!['configuration']
      return [name, own === undefined || own === null ? (path === '' ? undefined : yaml(read(path))) : own]
    }),
  )
}

function withoutConfiguration(plugin: Readonly<Record<string, unknown>>): object {
  const { configuration: _, ...rest } = plugin
  return rest
}

/** A plugin's configuration as the kind it should be, strictly. Throws AdmissionConfigurationError. */
export function configurationOf<T>(
  value: unknown,
  type: MessageType<T>,
  as: { readonly group: string; readonly versions: readonly string[]; readonly kind?: string },
): T {
  const { apiVersion, kind } = (value ?? {}) as { readonly apiVersion?: unknown; readonly kind?: unknown }
  if (!kind) throw new AdmissionConfigurationError("Object 'Kind' is missing")
  if (!apiVersion) throw new AdmissionConfigurationError("Object 'apiVersion' is missing")
  if (kind !== (as.kind ?? type.name) || !as.versions.some((version) => apiVersion === `${as.group}/${version}`))
    throw new AdmissionConfigurationError(`no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(apiVersion)}`)
  return decodedAs(value, type)
}

/** The same for the plugins whose configuration is older than kinds. */
export function decodedAs<T>(value: unknown, type: MessageType<T>): T {
  try {
    const decoded = decode(type.schema, value)
    const strict = strictDecodingError(decoded.unknown)
    if (strict !== undefined) throw new AdmissionConfigurationError(strict)
    return decoded.value as T
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw new AdmissionConfigurationError(error.message, { cause: error })
  }
}

function yaml(text: string): unknown {
  try {
    const { value, duplicates } = parseYaml(Buffer.from(text))
    const strict = strictDecodingError(duplicates)
    if (strict !== undefined) throw new AdmissionConfigurationError(strict)
    return value
  } catch (error) {
    if (!(error instanceof MalformedInput)) throw error
    throw new AdmissionConfigurationError(error.message, { cause: error })
  }
}
