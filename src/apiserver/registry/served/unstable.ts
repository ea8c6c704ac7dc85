/** What is served of beta and alpha versions: kinds that are stored in their stable version, and such as have none yet. */

import { inOtherVersion, type Conversion } from '../strategies/version-view.ts'
import { generic } from '../strategies/plain.ts'
import type { Strategy } from '../strategy.ts'
import { serve, type Served } from './serve.ts'
import * as admissionAlpha from '#api/admissionregistration/v1alpha1/mutating-admission-policies.ts'
import * as admissionBeta from '#api/admissionregistration/v1beta1/mutating-admission-policies.ts'
import * as certificatesAlpha from '#api/certificates/v1alpha1/cluster-trust-bundle.ts'
import * as certificatesBeta from '#api/certificates/v1beta1/certificates.ts'
import { leaseCandidates as alphaCandidates } from '#api/coordination/v1alpha2/lease-candidate.ts'
import { leaseCandidates } from '#api/coordination/v1beta1/lease-candidate.ts'
import { storageVersions } from '#api/internal/v1alpha1/storage-version.ts'
import * as networkingBeta from '#api/networking/v1beta1/addresses.ts'
import * as resourceAlpha from '#api/resource/v1alpha3/device-taint-rule.ts'
import { resourcePoolStatusRequests } from '#api/resource/v1alpha3/resource-pool-status-request.ts'
import { fromV1, toV1 } from '#api/resource/v1beta1/conversion.ts'
import * as resourceBeta1 from '#api/resource/v1beta1/devices.ts'
import * as resourceBeta2 from '#api/resource/v1beta2/devices.ts'
import { podGroups } from '#api/scheduling/v1alpha2/pod-group.ts'
import { workloads } from '#api/scheduling/v1alpha2/workload.ts'
import * as storageBeta from '#api/storage/v1beta1/volume-attributes-class.ts'
import * as migrationBeta from '#api/storagemigration/v1beta1/storage-version-migration.ts'
import { groupResource, type Resource } from '#schema/resource.ts'

const listed = (module: Readonly<Record<string, unknown>>): readonly Resource[] => Object.values(module) as Resource[]

/** Other versions of what is stored in a stable one. */
const VERSIONS: readonly Resource[] = [
  admissionBeta,
  admissionAlpha,
  certificatesBeta,
  certificatesAlpha,
  networkingBeta,
  resourceBeta2,
  resourceAlpha,
  storageBeta,
  migrationBeta,
].flatMap(listed)

const BASIC_DEVICES: Conversion = { show: fromV1, store: toV1 }

const bySpec: Strategy = { generation: 'spec' }

/** Kinds that have no stable version, each with its versions: the first that is enabled is the one that is stored. */
const WITHOUT_STABLE: readonly { readonly versions: readonly Resource[]; readonly strategy: Strategy }[] = [
  { versions: [leaseCandidates, alphaCandidates] as unknown as Resource[], strategy: generic as Strategy },
  { versions: [storageVersions] as unknown as Resource[], strategy: generic as Strategy },
  { versions: [resourcePoolStatusRequests] as unknown as Resource[], strategy: generic as Strategy },
  { versions: [podGroups] as unknown as Resource[], strategy: bySpec },
  { versions: [workloads] as unknown as Resource[], strategy: bySpec },
]

/** Every beta and alpha resource there is, whether it is served or not. */
export const unstableResources: readonly Resource[] = [
  ...VERSIONS,
  ...listed(resourceBeta1),
  ...WITHOUT_STABLE.flatMap(({ versions }) => versions),
]

/** What of it is enabled, beside the stable kinds that are `stored`. */
export function servedUnstable(stored: readonly Served[], enabled: (resource: Resource) => boolean): readonly Served[] {
  const stable = new Map(stored.filter((s) => s.view === undefined).map((s) => [groupResource(s.resource), s]))
  const other = (resource: Resource, conversion?: Conversion): readonly Served[] => {
    const of = stable.get(groupResource(resource))
    return of && enabled(resource) ? [inOtherVersion(of, resource, conversion)] : []
  }
  return [
    ...VERSIONS.flatMap((resource) => other(resource)),
    ...listed(resourceBeta1).flatMap((resource) => other(resource, BASIC_DEVICES)),
    ...WITHOUT_STABLE.flatMap(({ versions, strategy }) => {
      const [first, ...rest] = versions.filter(enabled)
      if (first === undefined) return []
      const own = serve(first as never, strategy)
      return [own, ...rest.map((resource) => inOtherVersion(own, resource))]
    }),
  ]
}
