/** Who the API server is to admission webhooks: the users of a kubeconfig file, whose names say for which servers they are. */

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { Webhook } from './webhook-client.ts'
import { configurationOf } from '#apiserver/admission/configuration.ts'
import { AdmissionConfigurationError } from '#apiserver/admission/plugin-choice.ts'
import { message, opt, string } from '#schema/message.ts'
import { parseYaml } from '#schema/yaml.ts'

type Credentials = Pick<Webhook, 'cert' | 'key' | 'token' | 'username' | 'password'>

/** `target` is host:port, as it is dialed under its name. */
export type WebhookCredentials = (target: string) => Credentials

const NOBODY: WebhookCredentials = () => ({})
const HTTPS_PORT = ':443'

class WebhookAdmissionConfiguration extends message('k8s.io.apiserver.apis.webhookadmission.WebhookAdmission', {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  kubeConfigFile: opt(3, string),
}) {}

/** `configuration` is what the operator says for a plugin; undefined: nothing. Throws AdmissionConfigurationError. */
export function webhookCredentials(configuration: unknown): WebhookCredentials {
  if (configuration === undefined) return NOBODY
  const { kubeConfigFile: file } = configurationOf(configuration, WebhookAdmissionConfiguration, {
    group: 'apiserver.config.k8s.io',
    versions: ['v1', 'v1alpha1'],
    kind:
      (configuration as { readonly kind?: unknown } | null)?.kind === 'WebhookAdmission'
        ? 'WebhookAdmission'
        : 'WebhookAdmissionConfiguration',
  })
  if (!file) return NOBODY
  if (!file.startsWith('/')) throw new AdmissionConfigurationError(`kubeConfigFile must be an absolute path, not ${JSON.stringify(file)}`)
  return credentialsOf(usersOf(file))
}

/** The user named as the target, else as the closest star before it; the usual port may be left out. */
function credentialsOf(users: ReadonlyMap<string, Credentials>): WebhookCredentials {
  return (target) => {
    const found = userFor(users, target)
    if (found) return found
    return (target.endsWith(HTTPS_PORT) && userFor(users, target.slice(0, -HTTPS_PORT.length))) || {}
  }
}

function userFor(users: ReadonlyMap<string, Credentials>, target: string): Credentials | undefined {
  const steps = target.split('.')
  const names = [target, ...steps.slice(1).map((_, i) => `*.${steps.slice(i + 1).join('.')}`)]
  return names.map((name) => users.get(name)).find((user) => user !== undefined)
}

function usersOf(file: string): ReadonlyMap<string, Credentials> {
  const read = (path: string) => {
    try {
      return readFileSync(path, 'utf8')
    } catch (cause) {
      throw new AdmissionConfigurationError(`cannot read ${path}: ${(cause as Error).message}`, { cause })
    }
  }
  const text = read(file)
  let config: { readonly users?: readonly { readonly name: string; readonly user?: Readonly<Record<string, unknown>> }[] }
  try {
    config = (parseYaml(Buffer.from(text)).value ?? {}) as typeof config
  } catch (cause) {
    throw new AdmissionConfigurationError(`cannot read ${file}: ${(cause as Error).message}`, { cause })
  }
  const part = (user: Readonly<Record<string, unknown>>, name: string) => {
    const data = user[`${name}-data`]
    if (typeof data === 'string' && data !== '') return Buffer.from(data, 'base64').toString()
    const path = user[name]
    return typeof path === 'string' && path !== '' ? read(resolve(dirname(file), path)) : undefined
  }
  return new Map(
    (config.users ?? []).map(({ name, user = {} }) => {
      if (user['exec'] !== undefined || user['auth-provider'] !== undefined)
        throw new AdmissionConfigurationError(`cannot use ${file}: its user ${JSON.stringify(name)} takes credentials from a program`)
      const words = { token: user['token'], username: user['username'], password: user['password'] }
      const tokenFile = user['tokenFile']
      const given = {
        ...(typeof tokenFile === 'string' && { token: read(resolve(dirname(file), tokenFile)).trim() }),
        ...words,
        cert: part(user, 'client-certificate'),
        key: part(user, 'client-key'),
      }
      return [name, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined && value !== '')) as Credentials]
    }),
  )
}
