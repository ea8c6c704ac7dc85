/** Measures the codecs on a Pod of ordinary size: microseconds per operation, JSON beside protobuf. Run: scripts/node bench/codec.ts */

import { Pod } from '#api/core/v1/pod.ts'
import { decode } from '#schema/decode.ts'
import { parseJson } from '#schema/json.ts'
import { decodeEnvelope, decodeMessage, encodeEnvelope, encodeMessage } from '#schema/protobuf.ts'

const ROUNDS = 5 // the best of them counts
const ROUND_MS = 200

const container = (name: string) => ({
  name,
  image: `registry.example/team/${name}:v1.2.3`,
  args: ['--listen=:8080', '--config=/etc/app/config.yaml', '--log-level=info'],
  env: Array.from({ length: 6 }, (_, i) => ({ name: `SETTING_${i}`, value: `value number ${i}` })),
  ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }],
  resources: { requests: { cpu: '250m', memory: '128Mi' }, limits: { cpu: '1', memory: '512Mi' } },
  livenessProbe: {
    httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' },
    timeoutSeconds: 1,
    periodSeconds: 10,
    successThreshold: 1,
    failureThreshold: 3,
  },
  volumeMounts: [
    { name: 'config', mountPath: '/etc/app', readOnly: true },
    { name: 'kube-api-access-abcde', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
  ],
  terminationMessagePath: '/dev/termination-log',
  terminationMessagePolicy: 'File',
  imagePullPolicy: 'IfNotPresent',
})

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'web-7d4b9c6f5d-abcde',
    generateName: 'web-7d4b9c6f5d-',
    namespace: 'default',
    uid: '0f4b6c2e-8a55-4b6e-9d1c-3f1f5a0e7b11',
    resourceVersion: '123456',
    creationTimestamp: '2026-01-01T00:00:00Z',
    labels: { app: 'web', 'pod-template-hash': '7d4b9c6f5d' },
    ownerReferences: [
      {
        apiVersion: 'apps/v1',
        kind: 'ReplicaSet',
        name: 'web-7d4b9c6f5d',
        uid: '1f4b6c2e-8a55-4b6e-9d1c-3f1f5a0e7b11',
        controller: true,
        blockOwnerDeletion: true,
      },
    ],
  },
  spec: {
    containers: [container('web'), container('sidecar')],
    volumes: [
      { name: 'config', configMap: { name: 'web', defaultMode: 420 } },
      {
        name: 'kube-api-access-abcde',
        projected: { sources: [{ serviceAccountToken: { expirationSeconds: 3607, path: 'token' } }], defaultMode: 420 },
      },
    ],
    restartPolicy: 'Always',
    terminationGracePeriodSeconds: 30,
    dnsPolicy: 'ClusterFirst',
    serviceAccountName: 'default',
    nodeName: 'node-1',
    securityContext: {},
    schedulerName: 'default-scheduler',
    tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }],
  },
  status: {
    phase: 'Running',
    podIP: '10.244.1.7',
    conditions: ['PodScheduled', 'Initialized', 'ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'True',
      lastTransitionTime: '2026-01-01T00:00:05Z',
    })),
  },
}

const json = Buffer.from(JSON.stringify(pod))
const message = encodeMessage(Pod.schema, pod)
const envelope = encodeEnvelope(pod, Pod.schema)

console.log(`Pod: ${json.length} bytes of JSON, ${envelope.length} of protobuf`)
measure('JSON.parse alone', () => JSON.parse(json.toString()))
measure('parseJson (duplicates, depth, UTF-8)', () => parseJson(json))
measure('parseJson and decode', () => decode(Pod.schema, parseJson(json).value))
measure('decodeEnvelope and decodeMessage', () => decodeMessage(Pod.schema, decodeEnvelope(envelope).raw))
measure('JSON.stringify to bytes', () => Buffer.from(JSON.stringify(pod)))
measure('encodeMessage', () => encodeMessage(Pod.schema, pod))
measure('encodeEnvelope', () => encodeEnvelope(pod, Pod.schema))
measure('decodeMessage', () => decodeMessage(Pod.schema, message))

function measure(what: string, work: () => unknown): void {
  let best = Number.POSITIVE_INFINITY
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    let count = 0
    while (performance.now() - start < ROUND_MS) {
      for (let i = 0; i < 50; i++) work()
      count += 50
    }
    best = Math.min(best, ((performance.now() - start) * 1000) / count)
  }
  console.log(`${best.toFixed(1).padStart(8)} us  ${what}`)
}
