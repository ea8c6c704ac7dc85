/**
 * Admission plugins of one's own: what a module exports as `plugin` that `--admission-plugin-file` names. The types are all that such a
 * module needs of this program, and types are gone when it runs.
 */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { AdmissionConfigurationError } from './plugin-choice.ts'
import type { PluginParts } from './plugin-parts.ts'
import { refused } from './refused.ts'
import type { PluginRow } from './standard-plugins.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { StatusError } from '#client/client.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface PluginModule {
  /** Turns it on and off, and names it in configuration files and metrics. */
  readonly name: string
  /** Whether it runs when nobody says; it does unless false. */
  readonly on?: boolean
  /** `configuration` is what the AdmissionConfiguration has for it, undefined where it has nothing. */
  make(parts: PluginModuleParts, configuration: unknown): AdmissionPlugin
}

export interface PluginModuleParts {
  /** The cached object, as of now where it seems to be absent; `resource` as in `pods` or `deployments.apps`. */
  find(resource: string, namespace: string, name: string): Promise<KubeObject | undefined>
  /** The cached objects of a namespace, or of all with ''. */
  list(resource: string, namespace: string): readonly KubeObject[]
  readonly clock: Clock
  readonly log: Log
  /** To be thrown: 403, with the text that clients see after the object's name. */
  refused(request: AdmissionRequest, why: string): StatusError
  /** To be thrown by `make`: the server does not start, and says this. */
  misconfigured(why: string): Error
}

export function rowOfModule({ name, on = true, make }: PluginModule): PluginRow {
  return { name, on, make: (parts, configuration) => make(moduleParts(name, parts), configuration) }
}

function moduleParts(name: string, { named, clock, log }: PluginParts): PluginModuleParts {
  const registryOf = (resource: string) => {
    const endpoint = named(resource) as ReturnType<typeof named> | undefined
    if (endpoint === undefined) throw new Error(`the admission plugin ${name} asks for ${resource}, which are not served`)
    return endpoint.registry
  }
  return {
    async find(resource, namespace, objectName) {
      const registry = registryOf(resource)
      return (registry.find(namespace, objectName) ?? (await registry.fresh(), registry.find(namespace, objectName)))?.object
    },
    list(resource, namespace) {
      const { cache, prefix } = registryOf(resource)
      return cache.list(namespace === '' ? prefix : `${prefix}${namespace}/`).items.map((item) => item.object)
    },
    clock,
    log: log.with({ plugin: name }),
    refused,
    misconfigured: (why) => new AdmissionConfigurationError(why),
  }
}
