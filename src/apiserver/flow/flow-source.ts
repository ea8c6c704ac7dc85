/** What priority and fairness reads of the API it stands before: its own objects, and how many there are of others. */

import type { FlowSource } from './flow-control.ts'
import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import type { PriorityLevelConfiguration } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import type { Registry } from '#apiserver/registry/registry.ts'

/** `registryOf` by plural, or plural.group. */
export function flowSource(registryOf: (name: string) => Registry | undefined): FlowSource {
  const schemas = registryOf('flowschemas.flowcontrol.apiserver.k8s.io')!
  const levels = registryOf('prioritylevelconfigurations.flowcontrol.apiserver.k8s.io')!
  const all = <T>({ cache, prefix }: Registry) => cache.list(prefix).items.map((item) => item.object as unknown as T)
  return {
    version: () => schemas.cache.received + levels.cache.received,
    schemas: () => all<FlowSchema>(schemas),
    levels: () => all<PriorityLevelConfiguration>(levels),
    count({ group, resource }) {
      const registry = registryOf(group === '' ? resource : `${resource}.${group}`)
      return registry === undefined ? 0 : registry.cache.count(registry.prefix)
    },
  }
}
