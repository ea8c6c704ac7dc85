/** Autoscalers between v1 and v2, and the rules of v2. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { toV1, toV2 } from './conversion.ts'
import { HorizontalPodAutoscaler as V1, horizontalPodAutoscalers as autoscalersV1 } from './horizontal-pod-autoscaler.ts'
import { HorizontalPodAutoscaler as V2, horizontalPodAutoscalers } from '../v2/horizontal-pod-autoscaler.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causeOf } from '#schema/field-error.ts'
import { tableOf } from '#schema/table.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

const metadata = { name: 'web', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '2026-01-01T00:00:00Z' }
const scaleTargetRef = { kind: 'Deployment', name: 'web', apiVersion: 'apps/v1' }
const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } }

function v2(spec: object = {}, more: object = {}): V2 {
  const object = { metadata, spec: { scaleTargetRef, maxReplicas: 5, ...spec }, ...more }
  const value = withDefaults(V2.schema, decode(V2.schema, object).value)
  return { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', ...value } as unknown as V2
}

const refused = (spec: object) => validate(V2.schema, v2(spec)).map(causeOf)
const one = (field: string, reason: string, message: string) => [{ reason: `FieldValue${reason}`, message, field }]
const metric = (field: string, reason: string, message: string) => one(`spec.metrics[0]${field}`, reason, message)

const METRICS = [
  cpu,
  { type: 'Resource', resource: { name: 'memory', target: { type: 'AverageValue', averageValue: '1Gi' } } },
  {
    type: 'Object',
    object: {
      describedObject: { kind: 'Ingress', name: 'main', apiVersion: 'networking.k8s.io/v1' },
      metric: { name: 'hits', selector: { matchLabels: { verb: 'GET' } } },
      target: { type: 'AverageValue', averageValue: '10' },
    },
  },
  {
    type: 'Object',
    object: {
      describedObject: { kind: 'Service', name: 'main', apiVersion: 'v1' },
      metric: { name: 'hits' },
      target: { type: 'Value', value: '2k' },
    },
  },
  { type: 'Pods', pods: { metric: { name: 'queue' }, target: { type: 'AverageValue', averageValue: '5' } } },
  {
    type: 'ContainerResource',
    containerResource: { name: 'cpu', container: 'c', target: { type: 'Utilization', averageUtilization: 60 } },
  },
  { type: 'External', external: { metric: { name: 'jobs' }, target: { type: 'Value', value: '30' } } },
  {
    type: 'External',
    external: { metric: { name: 'jobs', selector: { matchLabels: { a: 'b' } } }, target: { type: 'AverageValue', averageValue: '3' } },
  },
]

const STATUS = {
  observedGeneration: 1,
  currentReplicas: 2,
  desiredReplicas: 3,
  currentMetrics: [
    { type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: 40, averageValue: '20m' } } },
    { type: 'External', external: { metric: { name: 'jobs' }, current: { value: '31' } } },
    { type: 'Pods', pods: { metric: { name: 'queue' }, current: { averageValue: '4' } } },
  ],
  conditions: [{ type: 'AbleToScale', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z', reason: 'Ready', message: 'm' }],
}

test('one is the least, and 80 percent of the CPU the aim', () => {
  assert.deepEqual(v2().spec, {
    scaleTargetRef,
    minReplicas: 1,
    maxReplicas: 5,
    metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }],
  })
})

test('who says something of behavior gets all of it', () => {
  assert.deepEqual(v2({ behavior: { scaleDown: { stabilizationWindowSeconds: 60 } } }).spec.behavior, {
    scaleUp: {
      stabilizationWindowSeconds: 0,
      selectPolicy: 'Max',
      policies: [
        { type: 'Pods', value: 4, periodSeconds: 15 },
        { type: 'Percent', value: 100, periodSeconds: 15 },
      ],
    },
    scaleDown: { stabilizationWindowSeconds: 60, selectPolicy: 'Max', policies: [{ type: 'Percent', value: 100, periodSeconds: 15 }] },
  })
})

test('v1 has the CPU, and the rest in annotations', () => {
  const shown = toV1(v2({ metrics: METRICS.slice(0, 2), behavior: { scaleUp: { tolerance: '0.05' } } }, { status: STATUS }))
  const annotations = shown.metadata.annotations!
  assert.deepEqual(shown.spec, { scaleTargetRef, minReplicas: 1, maxReplicas: 5, targetCPUUtilizationPercentage: 50 })
  assert.deepEqual(shown.status, {
    observedGeneration: 1,
    currentReplicas: 2,
    desiredReplicas: 3,
    currentCPUUtilizationPercentage: 40,
  })
  assert.deepEqual(annotations, {
    'autoscaling.alpha.kubernetes.io/metrics': '[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"1Gi"}}]',
    'autoscaling.alpha.kubernetes.io/current-metrics':
      '[{"type":"Resource","resource":{"name":"cpu","currentAverageUtilization":40,"currentAverageValue":"20m"}},' +
      '{"type":"External","external":{"metricName":"jobs","currentValue":"31"}},' +
      '{"type":"Pods","pods":{"metricName":"queue","currentAverageValue":"4"}}]',
    'autoscaling.alpha.kubernetes.io/conditions':
      '[{"type":"AbleToScale","status":"True","lastTransitionTime":"2026-01-01T00:00:00Z","reason":"Ready","message":"m"}]',
    'autoscaling.alpha.kubernetes.io/behavior':
      '{"ScaleUp":{"StabilizationWindowSeconds":0,"SelectPolicy":"Max","Policies":[{"Type":"Pods","Value":4,"PeriodSeconds":15},' +
      '{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":"50m"},' +
      '"ScaleDown":{"StabilizationWindowSeconds":null,"SelectPolicy":"Max","Policies":[{"Type":"Percent","Value":100,"PeriodSeconds":15}],"Tolerance":null}}',
  })
})

test('what is read as v1 and written back is what it was', () => {
  const autoscaler = v2({ metrics: METRICS.slice(1), behavior: { scaleUp: { tolerance: '0.05' } } }, { status: STATUS })
  assert.deepEqual(toV2(toV1(autoscaler)), autoscaler)
  const plain = v2({ metrics: [cpu] }, { metadata: { ...metadata, annotations: { mine: 'x' } }, status: { desiredReplicas: 0 } })
  assert.deepEqual(toV2(toV1(plain)), plain)
  // The CPU comes last after a detour.
  const moved = toV2(toV1(v2({ metrics: METRICS })))
  assert.deepEqual(moved.spec.metrics, [...METRICS.slice(1), cpu])
})

test('annotations that say nothing understandable say nothing', () => {
  const annotations = {
    'autoscaling.alpha.kubernetes.io/metrics': '{"not":"a list"}',
    'autoscaling.alpha.kubernetes.io/behavior': '{"ScaleUp":{"Policies":"many"}}',
    'autoscaling.alpha.kubernetes.io/conditions': 'text',
    other: 'kept',
  }
  const object = { metadata: { ...metadata, annotations }, spec: { scaleTargetRef, maxReplicas: 3, targetCPUUtilizationPercentage: 70 } }
  const read = toV2(decode(V1.schema, object).value as unknown as V1)
  assert.deepEqual(
    [read.metadata.annotations, read.spec],
    [
      { other: 'kept' },
      {
        scaleTargetRef,
        maxReplicas: 3,
        metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } }],
      },
    ],
  )
})

test('what is scaled has a name and a group, and bounds make sense', () => {
  assert.deepEqual(refused({ metrics: METRICS }), [])
  assert.deepEqual(refused({ minReplicas: 0, maxReplicas: 0 }), [
    ...one('spec.minReplicas', 'Invalid', 'Invalid value: 0: must be greater than or equal to 1'),
    ...one('spec.maxReplicas', 'Invalid', 'Invalid value: 0: must be greater than 0'),
    ...one(
      'spec.metrics',
      'Forbidden',
      'Forbidden: must specify at least one Object or External metric to support scaling to zero replicas',
    ),
  ])
  assert.deepEqual(
    refused({ minReplicas: 6 }),
    one('spec.maxReplicas', 'Invalid', 'Invalid value: 5: must be greater than or equal to `minReplicas`'),
  )
  assert.deepEqual(refused({ scaleTargetRef: { kind: 'ReplicationController', name: 'x', apiVersion: 'v1' } }), [])
  assert.deepEqual(refused({ scaleTargetRef: { kind: 'De/ploy', apiVersion: 'v1' } }), [
    ...one('spec.scaleTargetRef.name', 'Required', 'Required value'),
    ...one('spec.scaleTargetRef.kind', 'Invalid', 'Invalid value: "De/ploy": may not contain \'/\''),
    ...one('spec.scaleTargetRef.apiVersion', 'Invalid', 'Invalid value: "v1": apiVersion must specify API group'),
  ])
})

test('a metric has the member its type names, and a target that can be met', () => {
  const types = 'supported values: "ContainerResource", "External", "Object", "Pods", "Resource"'
  assert.deepEqual(refused({ metrics: [{ type: 'Load' }] }), [
    ...metric('.type', 'NotSupported', `Unsupported value: "Load": ${types}`),
    ...metric('.type', 'NotSupported', `Unsupported value: "Load": ${types}`),
  ])
  assert.deepEqual(
    refused({ metrics: [{ type: 'Pods' }] }),
    metric('.pods', 'Required', 'Required value: must populate information for the given metric source'),
  )
  assert.deepEqual(
    refused({ metrics: [{ ...METRICS[4], resource: cpu.resource }] }),
    metric('.resource', 'Forbidden', 'Forbidden: must populate the given metric source only'),
  )
  const target = { type: 'Share', averageUtilization: 0, averageValue: '0' }
  assert.deepEqual(refused({ metrics: [{ type: 'Resource', resource: { target } }] }), [
    ...metric('.resource.name', 'Required', 'Required value: must specify a resource name'),
    ...metric('.resource.target.type', 'Invalid', 'Invalid value: "Share": must be either Utilization, Value, or AverageValue'),
    ...metric('.resource.target.averageValue', 'Invalid', 'Invalid value: "0": must be positive'),
    ...metric('.resource.target.averageUtilization', 'Invalid', 'Invalid value: 0: must be greater than 0'),
    ...metric('.resource.target.averageValue', 'Forbidden', 'Forbidden: may not set both a target raw value and a target utilization'),
  ])
  assert.deepEqual(refused({ metrics: [{ type: 'External', external: { metric: {}, target: { type: 'Value' } } }] }), [
    ...metric('.external.metric.name', 'Required', 'Required value: must specify a metric name'),
    ...metric('.external.target.averageValue', 'Required', 'Required value: must set either a target value for metric or a per-pod target'),
  ])
})

test('behavior has bounds', () => {
  const policies = [{ type: 'Share', value: 0, periodSeconds: 1801 }]
  const scaleUp = { stabilizationWindowSeconds: 3601, selectPolicy: 'Most', policies, tolerance: '-1' }
  const at = 'spec.behavior.scaleUp'
  assert.deepEqual(refused({ behavior: { scaleUp } }), [
    ...one(`${at}.stabilizationWindowSeconds`, 'Invalid', 'Invalid value: 3601: must be less than or equal to 3600'),
    ...one(`${at}.selectPolicy`, 'NotSupported', 'Unsupported value: "Most": supported values: "Disabled", "Max", "Min"'),
    ...one(`${at}.policies[0].type`, 'NotSupported', 'Unsupported value: "Share": supported values: "Percent", "Pods"'),
    ...one(`${at}.policies[0].value`, 'Invalid', 'Invalid value: 0: must be greater than zero'),
    ...one(`${at}.policies[0].periodSeconds`, 'Invalid', 'Invalid value: 1801: must be less than or equal to 1800'),
    ...one(`${at}.tolerance`, 'Invalid', 'Invalid value: "-1": must be greater than or equal to 0'),
  ])
})

test('replicas in a status are not negative', () => {
  const status = { currentReplicas: -1, desiredReplicas: -2 }
  assert.deepEqual(validateUpdate(V2.schema, v2({}, { status }), v2(), 'status').map(causeOf), [
    ...one('status.currentReplicas', 'Invalid', 'Invalid value: -1: must be greater than or equal to 0'),
    ...one('status.desiredReplicas', 'Invalid', 'Invalid value: -2: must be greater than or equal to 0'),
  ])
})

test('the cells are the same in both versions', () => {
  const now = Date.parse('2026-01-01T01:00:00Z')
  const autoscaler = v2({ metrics: [METRICS[6], METRICS[4], METRICS[1], cpu] }, { status: STATUS })
  const cells = tableOf(horizontalPodAutoscalers, [autoscaler], now).rows[0]!.cells
  assert.deepEqual(cells, ['web', 'Deployment/web', '<unknown>/30, <unknown>/5 + 2 more...', '1', 5, 2, '60m'])
  assert.deepEqual(tableOf(autoscalersV1, [toV1(autoscaler)], now).rows[0]!.cells, cells)
})
