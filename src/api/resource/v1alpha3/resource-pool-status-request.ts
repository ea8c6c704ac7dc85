/** Declares ResourcePoolStatusRequest (resource/v1alpha3). */

import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { invalid, required, type FieldError } from '#schema/field-error.ts'
import { int32, int64, list, message, opt, req, rulesFor, string } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

const LIMIT = 100
const LIMIT_MAX = 1000

export class ResourcePoolStatusRequestSpec extends message(
  'k8s.io.api.resource.v1alpha3.ResourcePoolStatusRequestSpec',
  {
    driver: req(1, string, { doc: 'Driver whose pools are asked about; cannot be changed.' }),
    poolName: opt(2, string, { doc: 'The one pool to tell of. All pools of the driver when absent.', keepsZero: true }),
    limit: opt(3, int32(), { doc: 'How many pools to tell of at most, from 1 to 1000. 100 by default.', default: LIMIT, keepsZero: true }),
  },
  { doc: 'Which pools are asked about; cannot be changed.' },
) {}

export class PoolStatus extends message(
  'k8s.io.api.resource.v1alpha3.PoolStatus',
  {
    driver: req(1, string, { doc: 'Driver of the pool.' }),
    poolName: req(2, string, { doc: 'Name of the pool.' }),
    generation: req(9, int64(), { doc: 'Its highest generation.' }),
    resourceSliceCount: opt(8, int32(), { doc: 'How many slices make it.', keepsZero: true }),
    totalDevices: opt(4, int32(), { doc: 'All its devices.', keepsZero: true }),
    allocatedDevices: opt(5, int32(), { doc: 'Devices that claims hold.', keepsZero: true }),
    availableDevices: opt(6, int32(), { doc: 'Devices that a claim can get.', keepsZero: true }),
    unavailableDevices: opt(7, int32(), { doc: 'Devices that no claim holds or can get, as they are tainted.', keepsZero: true }),
    nodeName: opt(3, string, { doc: 'The node it belongs to, if all its slices do.', keepsZero: true }),
    validationError: opt(10, string, { doc: 'Why it cannot be counted.', keepsZero: true }),
  },
  { doc: 'The devices of a pool, counted.' },
) {}

export class ResourcePoolStatusRequestStatus extends message(
  'k8s.io.api.resource.v1alpha3.ResourcePoolStatusRequestStatus',
  {
    poolCount: req(6, int32(), { doc: 'How many pools there are, also where not all are told of.', keepsZero: true }),
    pools: opt(2, list(PoolStatus, { listType: 'atomic' }), { doc: 'The pools, up to the limit.' }),
    conditions: opt(3, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'Complete or Failed.',
    }),
  },
  { doc: 'The answer, given once.' },
) {}

export class ResourcePoolStatusRequest extends object(
  'k8s.io.api.resource.v1alpha3.ResourcePoolStatusRequest',
  {
    metadata: req(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, ResourcePoolStatusRequestSpec, { doc: 'Which pools are asked about.' }),
    status: opt(3, ResourcePoolStatusRequestStatus, { doc: 'The answer, given once.' }),
  },
  { doc: 'Asks once how many devices of the pools of a driver are free.' },
) {}

export const resourcePoolStatusRequests = resource(ResourcePoolStatusRequest, {
  group: 'resource.k8s.io',
  version: 'v1alpha3',
  kind: 'ResourcePoolStatusRequest',
  plural: 'resourcepoolstatusrequests',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})

rulesFor(ResourcePoolStatusRequest, {
  check({ spec }): FieldError[] {
    const { driver, limit } = spec ?? {}
    if (!driver) return [required('spec.driver', '')]
    return limit !== undefined && (limit < 1 || limit > LIMIT_MAX)
      ? [invalid('spec.limit', limit, limit < 1 ? 'must be greater than or equal to 1' : `must be less than or equal to ${LIMIT_MAX}`)]
      : []
  },
  checkUpdate({ spec }, old): FieldError[] {
    return JSON.stringify(spec) === JSON.stringify(old.spec) ? [] : [invalid('spec', spec, 'field is immutable')]
  },
})
