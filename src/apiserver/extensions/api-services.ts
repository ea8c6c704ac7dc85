/** API services for the groups and versions of custom resources, which come and go with them. */

import type { CustomResources } from './custom-resources.ts'
import { ownersAfter, systemWrite } from '#apiserver/registry/system-write.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'
import type { Registry } from '#apiserver/registry/registry.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'
import { isReason } from '#client/client.ts'
import { withDefaults } from '#schema/defaults.ts'

interface KeeperParts {
  /** Of the API services. */
  readonly services: Registry
  readonly custom: Pick<CustomResources, 'resources' | 'serves'>
  readonly clock: Clock
  readonly random: Random
}

const MANAGED = 'kube-aggregator.kubernetes.io/automanaged'
const GROUP_PRIORITY = 1000 // behind all groups of the server's own
const VERSION_PRIORITY = 100

/** Makes those that are missing and takes away those whose resources are gone. What somebody made themselves stays. */
export async function keepApiServices({ services, custom, clock, random }: KeeperParts): Promise<void> {
  const wanted = new Map(custom.resources().map(({ group, version }) => [`${version}.${group}`, { group, version }]))
  for (const [name, { group, version }] of wanted) {
    if (services.find('', name) !== undefined) continue
    const object = {
      apiVersion: services.resource.apiVersion,
      kind: services.resource.kind,
      metadata: { name, labels: { [MANAGED]: 'true' } },
      spec: { group, version, groupPriorityMinimum: GROUP_PRIORITY, versionPriority: VERSION_PRIORITY },
    }
    const owners = () => ownersAfter(services.resource, '', undefined, object, clock.now())
    const draft = withDefaults(services.resource.type.schema, object)
    await tolerant(services.create(draft as never, { ...systemWrite({ clock, random }), owners }))
  }
  for (const { object } of services.cache.list(services.prefix).items) {
    const { name, labels } = object.metadata
    const { group = '', version = '' } = (object as unknown as APIService).spec
    // asked again: another server may have made it for a definition that came meanwhile
    if (labels?.[MANAGED] !== 'true' || wanted.has(name) || custom.serves(group, version)) continue
    await tolerant(services.delete({ namespace: '', name }, {}, systemWrite({ clock, random })))
  }
}

/** Another server may have been faster. */
async function tolerant(work: Promise<unknown>): Promise<void> {
  try {
    await work
  } catch (error) {
    if (!isReason(error, 'AlreadyExists') && !isReason(error, 'NotFound') && !isReason(error, 'Conflict')) throw error
  }
}
