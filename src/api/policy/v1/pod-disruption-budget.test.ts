/** Disruption budgets and priority classes: refusals, cells. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { PodDisruptionBudget, podDisruptionBudgets } from './pod-disruption-budget.ts'
import { PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causeOf } from '#schema/field-error.ts'
import { tableOf } from '#schema/table.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

const metadata = { name: 'web', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' }

function budget(spec: object, status: object = {}): PodDisruptionBudget {
  const schema = PodDisruptionBudget.schema
  return withDefaults(schema, decode(schema, { metadata, spec, status }).value as unknown as PodDisruptionBudget)
}

const refused = (spec: object) => validate(PodDisruptionBudget.schema, budget(spec)).map(causeOf)
const one = (field: string, reason: string, message: string) => [{ reason: `FieldValue${reason}`, message, field }]

test('a budget says how many may go, or how many must stay', () => {
  const selector = { matchLabels: { app: 'web' } }
  assert.deepEqual(budget({ minAvailable: 1, selector }).spec, { minAvailable: 1, selector })
  assert.deepEqual(refused({ maxUnavailable: '50%', unhealthyPodEvictionPolicy: 'AlwaysAllow' }), [])
  assert.deepEqual(
    refused({ minAvailable: 1, maxUnavailable: 1 }),
    one('spec', 'Invalid', 'Invalid value: {"minAvailable":1,"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set'),
  )
  assert.deepEqual(
    refused({ minAvailable: -1 }),
    one('spec.minAvailable', 'Invalid', 'Invalid value: -1: must be greater than or equal to 0'),
  )
  assert.deepEqual(
    refused({ maxUnavailable: '101%' }),
    one('spec.maxUnavailable', 'Invalid', 'Invalid value: "101%": must not be greater than 100%'),
  )
  assert.deepEqual(
    refused({ unhealthyPodEvictionPolicy: 'Never' }),
    one(
      'spec.unhealthyPodEvictionPolicy',
      'NotSupported',
      'Unsupported value: "Never": supported values: "AlwaysAllow", "IfHealthyBudget"',
    ),
  )
})

test('a status counts and has proper conditions', () => {
  const condition = {
    type: 'DisruptionAllowed',
    status: 'True',
    reason: 'SufficientPods',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  }
  const status = (now: object) => validateUpdate(PodDisruptionBudget.schema, budget({}, now), budget({}), 'status').map(causeOf)
  assert.deepEqual(status({ disruptionsAllowed: 1, conditions: [condition] }), [])
  assert.deepEqual(status({ currentHealthy: -1, conditions: [condition, { ...condition, status: 'Maybe', reason: '' }] }), [
    ...one('status.conditions[1].type', 'Duplicate', 'Duplicate value: "DisruptionAllowed"'),
    ...one('status.conditions[1].status', 'NotSupported', 'Unsupported value: "Maybe": supported values: "False", "True", "Unknown"'),
    ...one('status.conditions[1].reason', 'Required', 'Required value: must be set'),
    ...one('status.currentHealthy', 'Invalid', 'Invalid value: -1: must be greater than or equal to 0'),
  ])
})

test('the cells of a budget say how many may go now', () => {
  const object = budget({ maxUnavailable: 1 }, { disruptionsAllowed: 1 })
  assert.deepEqual(tableOf(podDisruptionBudgets, [object], Date.parse('2026-01-01T01:00:00Z')).rows[0]!.cells, [
    'web',
    'N/A',
    '1',
    1,
    '60m',
  ])
})

test("a priority class does not pose as one of the system's", () => {
  const schema = PriorityClass.schema
  const priority = (name: string, value: number, more: object = {}) =>
    validate(schema, withDefaults(schema, decode(schema, { metadata: { name }, value, ...more }).value)).map(causeOf)
  const reserved = "Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: "
  assert.deepEqual(priority('system-node-critical', 2_000_001_000), [])
  assert.deepEqual(
    priority('system-mine', 1),
    one('metadata.name', 'Forbidden', `${reserved}system-mine is not a known system priority class`),
  )
  assert.deepEqual(
    priority('system-node-critical', 1),
    one('metadata.name', 'Forbidden', `${reserved}value of system-node-critical PriorityClass must be 2000001000`),
  )
  assert.deepEqual(
    priority('mine', 1_000_000_001),
    one('value', 'Forbidden', 'Forbidden: maximum allowed value of a user defined priority is 1000000000'),
  )
  assert.deepEqual(
    priority('mine', 1, { preemptionPolicy: 'Sometimes' }),
    one('preemptionPolicy', 'NotSupported', 'Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"'),
  )
})
