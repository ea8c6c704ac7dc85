/** Which admission plugins the API server runs, from its flags and the files they name. */

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { TolerationSeconds } from '#apiserver/admission/default-toleration-seconds.ts'
import { pluginConfigurations } from '#apiserver/admission/configuration.ts'
import { rowOfModule, type PluginModule } from '#apiserver/admission/plugin-module.ts'
import { AdmissionConfigurationError, chosenPlugins } from '#apiserver/admission/plugin-choice.ts'
import { orderedPlugins, STANDARD_PLUGINS, type PluginRow, type PluginSelection } from '#apiserver/admission/standard-plugins.ts'
import { settings, UsageError, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'

export const admissionSettings = settings({
  enableAdmissionPlugins: {
    type: 'list',
    flag: 'enable-admission-plugins',
    help: 'Admission plugins that run beside those that do by default',
  },
  disableAdmissionPlugins: {
    type: 'list',
    flag: 'disable-admission-plugins',
    help: 'Admission plugins that do not run',
  },
  admissionControlConfigFile: {
    type: 'string',
    flag: 'admission-control-config-file',
    help: 'File with an AdmissionConfiguration: what plugins are configured with',
  },
  notReadyTolerationSeconds: {
    type: 'int',
    flag: 'default-not-ready-toleration-seconds',
    help: 'How long pods that do not say stay on a node that is not ready',
    default: 300,
  },
  unreachableTolerationSeconds: {
    type: 'int',
    flag: 'default-unreachable-toleration-seconds',
    help: 'How long pods that do not say stay on a node that cannot be reached',
    default: 300,
  },
  admissionPluginFiles: {
    type: 'list',
    flag: 'admission-plugin-file',
    help: 'Modules whose export plugin is an admission plugin of your own, which runs after the standard ones',
  },
})

/** Throws `UsageError` or `OperatorError` for what the operator can mend. */
export async function admissionSelection(given: Values<typeof admissionSettings>): Promise<PluginSelection> {
  const added = await Promise.all(given.admissionPluginFiles.map(ownPlugin))
  const all = orderedPlugins(added)
  for (const [index, { name }] of added.entries())
    if ([...STANDARD_PLUGINS, ...added.slice(0, index)].some((other) => other.name === name))
      throw new UsageError(`an admission plugin named ${JSON.stringify(name)} is there already`)
  const { enableAdmissionPlugins: enable, disableAdmissionPlugins: disable, admissionControlConfigFile: file } = given
  try {
    chosenPlugins(all, enable, disable)
    const seconds: TolerationSeconds = { notReady: given.notReadyTolerationSeconds, unreachable: given.unreachableTolerationSeconds }
    const read = file === undefined ? [] : readConfigurations(file)
    const configurations = new Map<string, unknown>([...read, ['DefaultTolerationSeconds', seconds]])
    return { enable, disable, added, configurations }
  } catch (error) {
    if (error instanceof AdmissionConfigurationError) throw new UsageError(error.message, { cause: error })
    throw error
  }
}

function readConfigurations(file: string): ReadonlyMap<string, unknown> {
  const failed = (cause: Error) =>
    new OperatorError(
      `failed to read plugin config: unable to read admission control configuration from ${JSON.stringify(file)} [${cause.message}]`,
      {
        cause,
      },
    )
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw failed(error as Error)
  }
  try {
    return pluginConfigurations(text, (path) => readFileSync(resolve(dirname(file), path), 'utf8'))
  } catch (error) {
    throw failed(error as Error)
  }
}

async function ownPlugin(file: string): Promise<PluginRow> {
  let module: { readonly plugin?: unknown }
  try {
    module = (await import(pathToFileURL(resolve(file)).href)) as typeof module
  } catch (error) {
    throw new OperatorError(`cannot load the admission plugin ${file}: ${(error as Error).message}`, { cause: error })
  }
  const given = module.plugin as Partial<PluginModule> | undefined
  if (typeof given?.name !== 'string' || given.name === '' || typeof given.make !== 'function')
    throw new OperatorError(`${file} exports no admission plugin: its export plugin needs a name and a function make`)
  return rowOfModule(given as PluginModule)
}

/** What a plugin has against its configuration is for the operator to mend. */
export function explainAdmission(error: unknown): never {
  if (error instanceof AdmissionConfigurationError)
    throw new OperatorError(`failed to initialize admission: ${error.message}`, { cause: error })
  throw error
}
