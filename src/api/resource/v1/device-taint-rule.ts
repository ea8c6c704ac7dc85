/** Declares DeviceTaintRule (resource/v1). */

import { taintRuleErrors, taintRuleUpdateErrors } from './device-taint-rule-rules.ts'
import { DeviceTaint } from './resource-slice.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class DeviceTaintSelector extends message(
  'k8s.io.api.resource.v1.DeviceTaintSelector',
  {
    driver: opt(2, string, { doc: 'Devices of this driver only.', keepsZero: true }),
    pool: opt(3, string, { doc: 'Devices of pools of this name only.', keepsZero: true }),
    device: opt(4, string, { doc: 'Devices of this name only.', keepsZero: true }),
  },
  { doc: 'Which devices; all that is set must match, and nothing set means every device.' },
) {}

export class DeviceTaintRuleSpec extends message(
  'k8s.io.api.resource.v1.DeviceTaintRuleSpec',
  {
    deviceSelector: opt(1, DeviceTaintSelector, { doc: 'Which devices are tainted. None when absent.' }),
    taint: req(2, DeviceTaint, { doc: 'The taint they get.', checkedAbove: true, mayBeEmpty: true }),
  },
  { doc: 'A taint, and the devices that get it.' },
) {}

export class DeviceTaintRuleStatus extends message(
  'k8s.io.api.resource.v1.DeviceTaintRuleStatus',
  {
    conditions: opt(1, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of the rule, such as EvictionInProgress; at most 8.',
    }),
  },
  { doc: 'What came of the rule.' },
) {}

export class DeviceTaintRule extends object(
  'k8s.io.api.resource.v1.DeviceTaintRule',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, DeviceTaintRuleSpec, { doc: 'The taint, and who gets it.' }),
    status: val(3, DeviceTaintRuleStatus, { doc: 'What came of it.' }),
  },
  { doc: 'Taints devices from outside of their slices, for administrators.' },
) {}

export const deviceTaintRules = resource(DeviceTaintRule, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'DeviceTaintRule',
  plural: 'devicetaintrules',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})

rulesFor(DeviceTaintRule, { check: taintRuleErrors, checkUpdate: taintRuleUpdateErrors })
