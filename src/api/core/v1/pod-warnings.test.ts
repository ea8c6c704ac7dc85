import assert from 'node:assert/strict'
import { test } from 'node:test'
import { podWarnings, type PodParts } from './pod-warnings.ts'

const warnings = (spec: object, annotations: Record<string, string> = {}, path = '') =>
  podWarnings({ metadata: { annotations }, spec: { containers: [], ...spec } as unknown as NonNullable<PodParts['spec']> }, path)

test('a pod as most are gives no warnings', () => {
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '$(A)2' },
  ]
  assert.deepEqual(warnings({ containers: [{ name: 'a', image: 'i', env, resources: { limits: { memory: '1Gi' } } }] }), [])
})

test('labels and annotations of old name their successors', () => {
  assert.deepEqual(warnings({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } }, {}, 'spec.template'), [
    'spec.template.spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead',
  ])
  assert.deepEqual(warnings({ topologySpreadConstraints: [{ topologyKey: 'failure-domain.beta.kubernetes.io/zone' }] }), [
    'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    'spec.topologySpreadConstraints[0].labelSelector: a null labelSelector results in matching no pod',
  ])
  assert.deepEqual(warnings({}, { 'scheduler.alpha.kubernetes.io/critical-pod': '' }), [
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
  ])
})

test('what hides, repeats or overlaps is named with both places', () => {
  const env = [
    { name: 'A', value: '1' },
    { name: 'A', value: '2' },
  ]
  const ports = [
    { containerPort: 80, protocol: 'TCP' },
    { containerPort: 80, protocol: 'TCP' },
    { containerPort: 80, protocol: 'TCP', hostPort: 8080 },
  ]
  assert.deepEqual(warnings({ containers: [{ name: 'a', env, ports }], hostAliases: [{ ip: '1.1.1.1' }, { ip: '1.1.1.1' }] }), [
    'spec.hostAliases[1].ip: duplicate ip "1.1.1.1"',
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].ports[1]: duplicate port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[0]',
    'spec.containers[0].ports[2]: overlapping port definition with spec.containers[0].ports[1]',
  ])
})

test('amounts that are no whole bytes and negative grace are told', () => {
  assert.deepEqual(
    warnings({ containers: [{ name: 'a', resources: { requests: { memory: '100m' } } }], terminationGracePeriodSeconds: -1 }),
    [
      'spec.containers[0].resources.requests[memory]: fractional byte value "100m" is invalid, must be an integer',
      'spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
  )
})
