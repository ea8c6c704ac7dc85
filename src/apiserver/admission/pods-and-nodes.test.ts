/** Plugins that are on: what pods get from runtime classes and nodes, what ingresses get, what a resize may ask for. */

import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'
import { parseRuntimeConfig } from '#apiserver/runtime-config.ts'
import { makeCertificate } from '#wire/x509/certificate.ts'
import { encodeName } from '#wire/x509/names.ts'
import { unstableResources } from '#apiserver/registry/served/unstable.ts'

const PODS = '/api/v1/namespaces/default/pods'
const MERGE = { contentType: 'application/merge-patch+json' }
const pod = (name: string, more: object = {}, resources?: object) => ({
  metadata: { name },
  spec: { containers: [{ name: 'c', image: 'i:1', ...(resources && { resources }) }], ...more },
})
const opened = () => openTestApi({ admission: { disable: ['ServiceAccount', 'DefaultTolerationSeconds'] } })

test("a pod gets its runtime class's overhead, nodes and tolerations", async () => {
  await using api = await opened()
  const toleration = { key: 'vm', operator: 'Exists' }
  await api.call('POST', '/apis/node.k8s.io/v1/runtimeclasses', {
    metadata: { name: 'vm' },
    handler: 'vm',
    overhead: { podFixed: { cpu: '250m' } },
    scheduling: { nodeSelector: { vm: 'yes' }, tolerations: [toleration] },
  })
  const made = await api.call('POST', PODS, pod('a', { runtimeClassName: 'vm', nodeSelector: { a: 'b' } }))
  const { overhead, nodeSelector, tolerations } = made.object.spec
  assert.deepEqual(
    { overhead, nodeSelector, tolerations },
    {
      overhead: { cpu: '250m' },
      nodeSelector: { a: 'b', vm: 'yes' },
      tolerations: [toleration],
    },
  )
  const message = async (more: object) => (await api.call('POST', PODS, pod('b', more))).object.message
  assert.deepEqual(
    [
      await message({ runtimeClassName: 'none' }),
      await message({ runtimeClassName: 'vm', overhead: { cpu: '1' } }),
      await message({ overhead: { cpu: '1' } }),
      await message({ runtimeClassName: 'vm', nodeSelector: { vm: 'no' } }),
    ],
    [
      'pods "b" is forbidden: pod rejected: RuntimeClass "none" not found',
      "pods \"b\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead",
      'pods "b" is forbidden: pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead',
      'pods "b" is forbidden: conflict: runtimeClass.scheduling.nodeSelector[vm] = yes; pod.spec.nodeSelector[vm] = no',
    ],
  )
})

test('an ingress without a class gets the newest default one', async () => {
  await using api = await opened()
  const url = '/apis/networking.k8s.io/v1/namespaces/default/ingresses'
  const ingress = (name: string, more: object = {}) => ({
    metadata: { name, ...more },
    spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
  })
  const ingressClass = (name: string) =>
    api.call('POST', '/apis/networking.k8s.io/v1/ingressclasses', {
      metadata: { name, annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } },
      spec: { controller: 'example.com/c' },
    })
  assert.equal((await api.call('POST', url, ingress('a'))).object.spec.ingressClassName, undefined)
  await ingressClass('one')
  assert.equal((await api.call('POST', url, ingress('b'))).object.spec.ingressClassName, 'one')
  const old = await api.call('POST', url, ingress('c', { annotations: { 'kubernetes.io/ingress.class': 'x' } }))
  assert.equal(old.object.spec.ingressClassName, undefined)
  await api.clock.advance(1000)
  await ingressClass('two')
  assert.equal((await api.call('POST', url, ingress('d'))).object.spec.ingressClassName, 'two')
})

test('a pod carries the zone and region of the node it is bound to, unless it says otherwise', async () => {
  await using api = await opened()
  const labels = { 'topology.kubernetes.io/zone': 'z', 'topology.kubernetes.io/region': 'r', other: 'x' }
  await api.call('POST', '/api/v1/nodes', { metadata: { name: 'n', labels } })
  await api.call('POST', PODS, { ...pod('p'), metadata: { name: 'p', labels: { app: 'a' } } })
  await api.call('POST', `${PODS}/p/binding`, { metadata: { name: 'p' }, target: { kind: 'Node', name: 'n' } })
  assert.deepEqual((await api.call('GET', `${PODS}/p`)).object.metadata.labels, {
    app: 'a',
    'topology.kubernetes.io/zone': 'z',
    'topology.kubernetes.io/region': 'r',
  })
  const placed = await api.call('POST', PODS, {
    ...pod('q', { nodeName: 'n' }),
    metadata: { name: 'q', labels: { 'topology.kubernetes.io/zone': 'mine' } },
  })
  assert.deepEqual(placed.object.metadata.labels, { 'topology.kubernetes.io/zone': 'mine', 'topology.kubernetes.io/region': 'r' })
})

test('a pod grows no larger than its node, and not by what the node does not know', async () => {
  await using api = await opened()
  const made = await api.call('POST', '/api/v1/nodes', { metadata: { name: 'n', labels: { 'kubernetes.io/os': 'linux' } } })
  await api.call('PUT', '/api/v1/nodes/n/status', {
    ...made.object,
    status: { capacity: { cpu: '2', memory: '1Gi' }, allocatable: { cpu: '2', memory: '1Gi' } },
  })
  const burstable = { requests: { cpu: '1', memory: '1Mi' }, limits: { cpu: '4', memory: '4Gi' } }
  await api.call('POST', PODS, pod('p', { nodeName: 'n' }, burstable))
  const same = { cpu: '1', memory: '1Gi' }
  await api.call('POST', PODS, pod('g', { nodeName: 'n' }, { requests: same, limits: same }))
  const resize = (name: string, resources: object) =>
    api.call(
      'PATCH',
      `${PODS}/${name}/resize`,
      { spec: { containers: [{ name: 'c', resources }] } },
      {
        contentType: 'application/strategic-merge-patch+json',
      },
    )
  const tooLarge = await resize('p', { requests: { cpu: '3', memory: '2Gi' } })
  assert.equal(
    tooLarge.object.message,
    `pods "p" is forbidden: Node didn't have enough allocatable resources: cpu, requested: 3000, allocatable: 2000; memory, requested: ${2 * 1024 ** 3}, allocatable: ${1024 ** 3}`,
  )
  assert.equal((await resize('p', { requests: { cpu: '2' } })).status, 200)
  const more = { cpu: '2', memory: '1Gi' }
  const unknown = await resize('g', { requests: more, limits: more })
  assert.equal(
    unknown.object.message,
    'pods "g" is forbidden: pod update requires features GuaranteedQoSPodCPUResize which are not available on node "n"',
  )
  assert.equal((await api.call('PATCH', `${PODS}/g`, { metadata: { labels: { a: 'b' } } }, MERGE)).status, 200)
})

test('a group of pods is made from a template that is there', async () => {
  await using api = await openTestApi({ enabled: parseRuntimeConfig(['scheduling.k8s.io/v1alpha2=true'], unstableResources) as never })
  const base = '/apis/scheduling.k8s.io/v1alpha2/namespaces/default'
  const group = (podGroupTemplateName: string, workloadName = 'w') => ({
    metadata: { name: 'g' },
    spec: { podGroupTemplateRef: { workload: { workloadName, podGroupTemplateName } }, schedulingPolicy: { gang: { minCount: 2 } } },
  })
  assert.equal(
    (await api.call('POST', `${base}/podgroups`, group('t'))).object.message,
    'podgroups.scheduling.k8s.io "g" is forbidden: PodGroup rejected: Workload "w" not found',
  )
  const workload = { metadata: { name: 'w' }, spec: { podGroupTemplates: [{ name: 't', schedulingPolicy: { gang: { minCount: 2 } } }] } }
  assert.equal((await api.call('POST', `${base}/workloads`, workload)).status, 201)
  assert.equal(
    (await api.call('POST', `${base}/podgroups`, group('u'))).object.message,
    'podgroups.scheduling.k8s.io "g" is forbidden: PodGroup rejected: PodGroupTemplate "u" not found in Workload "w"',
  )
  assert.equal((await api.call('POST', `${base}/podgroups`, group('t'))).status, 201)
})

test('who says what the authorities of a signer are must be allowed to', async () => {
  const asked: string[] = []
  await using api = await openTestApi({
    enabled: parseRuntimeConfig(['certificates.k8s.io/v1beta1=true'], unstableResources) as never,
    authorizer: () => ({
      authorize({ info }) {
        if (info.resource !== 'signers') return { type: 'allow', reason: '' }
        asked.push(`${info.verb} ${info.name}`)
        return { type: 'no-opinion', reason: '' }
      },
    }),
  })
  const { object } = await api.call('POST', '/apis/certificates.k8s.io/v1beta1/clustertrustbundles', {
    metadata: { name: 'example.com:signer:a' },
    spec: { signerName: 'example.com/signer', trustBundle: authority() },
  })
  assert.equal(
    object.message,
    'clustertrustbundles.certificates.k8s.io "example.com:signer:a" is forbidden: user not permitted to attest for signerName "example.com/signer"',
  )
  assert.deepEqual(asked, ['attest example.com/signer', 'attest example.com/*'])
})

function authority(): string {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const name = encodeName({ commonName: 'authority', organizations: [] })
  const year = 365 * 24 * 3600 * 1000
  const wanted = { subject: name, issuer: name, publicKey, serial: Buffer.of(1), notBefore: 0, notAfter: year, authority: true, usages: [] }
  return makeCertificate(wanted, privateKey)
}
