/** Limit ranges and quotas: what is added, what is refused, what may change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LimitRange } from './limit-range.ts'
import { ResourceQuota } from './resource-quota.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes } from '#schema/field-error.ts'
import type { MessageClass } from '#schema/message.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

function made<T>(type: MessageClass<T>, object: object): T {
  return withDefaults(type.schema, decode(type.schema, { metadata: { name: 'a', namespace: 'n' }, ...object }).value) as unknown as T
}

function refused<T>(type: MessageClass<T>, object: object) {
  return causes(validate(type.schema, made(type, object))).map(said)
}

function changed<T>(type: MessageClass<T>, now: object, old: object, subresource = '') {
  return causes(validateUpdate(type.schema, made(type, now), made(type, old), subresource)).map(said)
}

const said = ({ reason, field, message }: { reason: string; field: string; message: string }) => `${reason} ${field}: ${message}`

test("a container's default limit follows the largest, and its request the limit", () => {
  const limits = [{ type: 'Container', max: { cpu: '2000m' }, min: { memory: '1Mi' } }]
  assert.deepEqual(made(LimitRange, { spec: { limits } }).spec, {
    limits: [
      { type: 'Container', max: { cpu: '2' }, min: { memory: '1Mi' }, default: { cpu: '2' }, defaultRequest: { memory: '1Mi', cpu: '2' } },
    ],
  })
})

test('limits that contradict each other are refused', () => {
  assert.deepEqual(
    refused(LimitRange, {
      spec: {
        limits: [
          { type: 'Container', min: { cpu: '2' }, max: { cpu: '1' }, default: { cpu: '1' }, defaultRequest: { cpu: '1' } },
          { type: 'Container', maxLimitRequestRatio: { cpu: '500m' } },
          { type: 'Pod', default: { cpu: '1' }, max: { storage: '1' } },
          { type: 'PersistentVolumeClaim' },
          { type: 'Node' },
        ],
      },
    }),
    [
      'FieldValueInvalid spec.limits[0].min[cpu]: Invalid value: "2": min value 2 is greater than max value 1',
      'FieldValueInvalid spec.limits[0].defaultRequest[cpu]: Invalid value: "1": min value 2 is greater than default request value 1',
      'FieldValueInvalid spec.limits[0].default[cpu]: Invalid value: "2": min value 2 is greater than default value 1',
      'FieldValueDuplicate spec.limits[1].type: Duplicate value: "Container"',
      'FieldValueInvalid spec.limits[1].maxLimitRequestRatio[cpu]: Invalid value: "500m": ratio 500m is less than 1',
      "FieldValueForbidden spec.limits[2].default: Forbidden: may not be specified when `type` is 'Pod'",
      'FieldValueInvalid spec.limits[2].max[storage]: Invalid value: "storage": must be a standard resource for containers',
      'FieldValueRequired spec.limits[3].limits: Required value: either minimum or maximum storage value is required, but neither was provided',
      'FieldValueInvalid spec.limits[4].type: Invalid value: "Node": must be a standard limit type or fully qualified',
    ],
  )
})

test('a quota counts known things, in scopes that have them', () => {
  assert.deepEqual(
    refused(ResourceQuota, { spec: { hard: { 'count/jobs.batch': '1', pods: '2', 'limits.cpu': '1' }, scopes: ['NotTerminating'] } }),
    [],
  )
  assert.deepEqual(
    refused(ResourceQuota, {
      spec: { hard: { pods: '500m', stones: '1', cpu: '-1' }, scopes: ['BestEffort', 'NotBestEffort', 'Whatever'] },
    }),
    [
      'FieldValueInvalid spec.hard[pods]: Invalid value: "500m": must be an integer',
      'FieldValueInvalid spec.hard[stones]: Invalid value: "stones": must be a standard resource for quota',
      'FieldValueInvalid spec.hard[cpu]: Invalid value: "-1": must be greater than or equal to 0',
      'FieldValueInvalid spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Whatever"]: unsupported scope applied to resource',
      'FieldValueInvalid spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Whatever"]: unsupported scope',
      'FieldValueInvalid spec.scopes: Invalid value: ["BestEffort","NotBestEffort","Whatever"]: conflicting scopes',
    ],
  )
})

test('demands on scopes have values where values make sense', () => {
  const path = 'spec.scopeSelector.matchExpressions'
  const matchExpressions = [
    { scopeName: 'PriorityClass', operator: 'In' },
    { scopeName: 'PriorityClass', operator: 'Exists', values: ['a'] },
    { scopeName: 'PriorityClass', operator: 'Maybe' },
    { scopeName: 'Terminating', operator: 'In', values: ['a'] },
  ]
  assert.deepEqual(refused(ResourceQuota, { spec: { scopeSelector: { matchExpressions } } }), [
    `FieldValueRequired ${path}.values: Required value: must be at least one value when \`operator\` is 'In' or 'NotIn' for scope selector`,
    `FieldValueInvalid ${path}.values: Invalid value: ["a"]: must be no value when \`operator\` is 'Exist' or 'DoesNotExist' for scope selector`,
    `FieldValueInvalid ${path}.operator: Invalid value: "Maybe": not a valid selector operator`,
    `FieldValueInvalid ${path}.operator: Invalid value: "In": must be 'Exist' when scope is any of ResourceQuotaScopeTerminating, ResourceQuotaScopeNotTerminating, ResourceQuotaScopeBestEffort, ResourceQuotaScopeNotBestEffort or ResourceQuotaScopeCrossNamespacePodAffinity`,
  ])
})

test("a quota's scopes stay, its amounts change, and its status is checked where it is written", () => {
  const old = { spec: { hard: { pods: '1' }, scopes: ['Terminating'] } }
  assert.deepEqual(changed(ResourceQuota, { spec: { hard: { pods: '2' }, scopes: ['Terminating'] } }, old), [])
  assert.deepEqual(changed(ResourceQuota, { spec: { hard: { pods: '1' }, scopes: ['NotTerminating'] } }, old), [
    'FieldValueInvalid spec.scopes: Invalid value: ["NotTerminating"]: field is immutable',
  ])
  assert.deepEqual(changed(ResourceQuota, { ...old, status: { used: { pods: '-1' } } }, old, 'status'), [
    'FieldValueInvalid status.used[pods]: Invalid value: "-1": must be greater than or equal to 0',
  ])
})
