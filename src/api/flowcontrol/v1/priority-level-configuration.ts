/** Declares PriorityLevelConfiguration (flowcontrol/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class QueuingConfiguration extends message('k8s.io.api.flowcontrol.v1.QueuingConfiguration', {
  queues: opt(1, int32()),
  handSize: opt(2, int32()),
  queueLengthLimit: opt(3, int32()),
}) {}

export class LimitResponse extends message(
  'k8s.io.api.flowcontrol.v1.LimitResponse',
  {
    type: req(1, string),
    queuing: opt(2, QueuingConfiguration),
  },
  { unions: [{ discriminator: 'type', members: ['queuing'], required: false }] },
) {}

export class LimitedPriorityLevelConfiguration extends message('k8s.io.api.flowcontrol.v1.LimitedPriorityLevelConfiguration', {
  nominalConcurrencyShares: opt(1, int32(), { keepsZero: true }),
  limitResponse: opt(2, LimitResponse),
  lendablePercent: opt(3, int32(), { keepsZero: true }),
  borrowingLimitPercent: opt(4, int32(), { keepsZero: true }),
}) {}

export class ExemptPriorityLevelConfiguration extends message('k8s.io.api.flowcontrol.v1.ExemptPriorityLevelConfiguration', {
  nominalConcurrencyShares: opt(1, int32(), { keepsZero: true }),
  lendablePercent: opt(2, int32(), { keepsZero: true }),
}) {}

export class PriorityLevelConfigurationSpec extends message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  {
    type: req(1, string),
    limited: opt(2, LimitedPriorityLevelConfiguration),
    exempt: opt(3, ExemptPriorityLevelConfiguration),
  },
  { unions: [{ discriminator: 'type', members: ['exempt', 'limited'], required: false }] },
) {}

export class PriorityLevelConfigurationCondition extends message('k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationCondition', {
  type: opt(1, string),
  status: opt(2, string),
  lastTransitionTime: opt(3, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class PriorityLevelConfigurationStatus extends message('k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationStatus', {
  conditions: opt(
    1,
    list(PriorityLevelConfigurationCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
  ),
}) {}

export class PriorityLevelConfiguration extends object('k8s.io.api.flowcontrol.v1.PriorityLevelConfiguration', {
  metadata: val(1, ObjectMeta),
  spec: val(2, PriorityLevelConfigurationSpec),
  status: val(3, PriorityLevelConfigurationStatus),
}) {}

export const priorityLevelConfigurations = resource(PriorityLevelConfiguration, {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})
