/** The Pod Security Standards through the API: labels of namespaces, pods, workloads, exemptions. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openTestApi } from '#apiserver/endpoints/test-api.ts'
import { AdmissionConfigurationError } from '#apiserver/admission/plugin-choice.ts'

const PREFIX = 'pod-security.kubernetes.io'
const pod = (name: string, more: object = {}) => ({ metadata: { name }, spec: { containers: [{ name: 'a', image: 'i:1' }], ...more } })
const MERGE = { contentType: 'application/merge-patch+json' }

async function opened(labels: object, configuration?: object) {
  const api = await openTestApi({
    admission: {
      disable: ['ServiceAccount'],
      ...(configuration && {
        configurations: new Map([
          ['PodSecurity', { apiVersion: 'pod-security.admission.config.k8s.io/v1', kind: 'PodSecurityConfiguration', ...configuration }],
        ]),
      }),
    },
  })
  const made = await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'n', labels } })
  return { api, made, pods: '/api/v1/namespaces/n/pods' }
}

test('a pod that violates what its namespace enforces is refused, and one that violates what it warns of is told', async () => {
  const { api, pods } = await opened({
    [`${PREFIX}/enforce`]: 'baseline',
    [`${PREFIX}/warn`]: 'restricted',
    [`${PREFIX}/warn-version`]: 'v1.22',
  })
  await using _ = api
  const refused = await api.call('POST', pods, pod('p', { hostNetwork: true }))
  assert.equal(refused.status, 403)
  assert.deepEqual(refused.object, {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    message: 'pods "p" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
    reason: 'Forbidden',
    details: { name: 'p', kind: 'pods' },
    code: 403,
  })
  assert.deepEqual(refused.warnings, [])
  const warned = await api.call('POST', pods, pod('q', { securityContext: { runAsNonRoot: true } }))
  assert.equal(warned.status, 201)
  assert.deepEqual(warned.warnings, [
    'would violate PodSecurity "restricted:v1.22": allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ])
})

test('workloads are warned of and not refused', async () => {
  const { api } = await opened({ [`${PREFIX}/enforce`]: 'baseline', [`${PREFIX}/warn`]: 'baseline' })
  await using _ = api
  const labels = { app: 'x' }
  const template = { metadata: { labels }, spec: pod('', { hostPID: true }).spec }
  const spec = { selector: { matchLabels: labels }, template }
  const made = await api.call('POST', '/apis/apps/v1/namespaces/n/deployments', { metadata: { name: 'd' }, spec })
  assert.equal(made.status, 201)
  assert.deepEqual(made.warnings, ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'])
  const job = { template: { spec: { ...template.spec, restartPolicy: 'Never' } } }
  const cron = await api.call('POST', '/apis/batch/v1/namespaces/n/cronjobs', {
    metadata: { name: 'c' },
    spec: { schedule: '* * * * *', jobTemplate: { spec: job } },
  })
  assert.deepEqual(cron.warnings, ['would violate PodSecurity "baseline:latest": host namespaces (hostPID=true)'])
})

test('labels that cannot be understood are refused', async () => {
  const { api, made } = await opened({ [`${PREFIX}/enforce`]: 'strict', [`${PREFIX}/audit-version`]: 'v2' })
  await using _ = api
  assert.equal(made.status, 422)
  assert.equal(
    made.object.message,
    `Namespace "n" is invalid: [metadata.labels[${PREFIX}/enforce]: Invalid value: "strict": must be one of privileged, baseline, restricted, metadata.labels[${PREFIX}/audit-version]: Invalid value: "v2": must be "latest" or "v1.x"]`,
  )
})

test('who tightens a namespace is told of the pods that would not be let in', async () => {
  const { api, pods } = await opened({})
  await using _ = api
  for (const name of ['b', 'a', 'c']) await api.call('POST', pods, pod(name, { hostNetwork: true }))
  await api.call('POST', pods, pod('d', { hostPID: true }))
  const tightened = await api.call('PATCH', '/api/v1/namespaces/n', { metadata: { labels: { [`${PREFIX}/enforce`]: 'baseline' } } }, MERGE)
  assert.equal(tightened.status, 200)
  assert.deepEqual(tightened.warnings, [
    'existing pods in namespace "n" violate the new PodSecurity enforce level "baseline:latest"',
    'a (and 3 other pods): host namespaces',
  ])
  const relaxed = await api.call('PATCH', '/api/v1/namespaces/n', { metadata: { labels: { [`${PREFIX}/enforce`]: 'privileged' } } }, MERGE)
  assert.deepEqual(relaxed.warnings, [])
})

test('a pod that is there may change but for its images', async () => {
  const { api, pods } = await opened({})
  await using _ = api
  await api.call('POST', pods, pod('p', { hostNetwork: true }))
  await api.call('PATCH', '/api/v1/namespaces/n', { metadata: { labels: { [`${PREFIX}/enforce`]: 'baseline' } } }, MERGE)
  assert.equal((await api.call('PATCH', `${pods}/p`, { metadata: { labels: { a: 'b' } } }, MERGE)).status, 200)
  const image = await api.call(
    'PATCH',
    `${pods}/p`,
    { spec: { containers: [{ name: 'a', image: 'i:2' }] } },
    {
      contentType: 'application/strategic-merge-patch+json',
    },
  )
  assert.equal(image.status, 403)
})

test('a configuration gives defaults and exempts namespaces, users and runtime classes', async () => {
  const { api, pods } = await opened(
    {},
    {
      defaults: { enforce: 'baseline', 'enforce-version': 'v1.30' },
      exemptions: { namespaces: ['free'], usernames: ['root'] },
    },
  )
  await using _ = api
  const bad = pod('p', { hostIPC: true })
  const refused = await api.call('POST', pods, bad)
  assert.equal(refused.object.message, 'pods "p" is forbidden: violates PodSecurity "baseline:v1.30": host namespaces (hostIPC=true)')
  assert.equal((await api.call('POST', pods, bad, { user: { username: 'root', groups: ['system:masters'] } })).status, 201)
  const free = await api.call('POST', '/api/v1/namespaces', { metadata: { name: 'free', labels: { [`${PREFIX}/warn`]: 'restricted' } } })
  assert.deepEqual(free.warnings, ['namespace "free" is exempt from Pod Security, and the policy (warn=restricted:latest) will be ignored'])
  assert.equal((await api.call('POST', '/api/v1/namespaces/free/pods', bad)).status, 201)
})

test('a wrong configuration keeps the server from starting', async () => {
  await assert.rejects(opened({}, { defaults: { enforce: 'x' }, exemptions: { namespaces: ['a', 'a'] } }), (error: unknown) => {
    assert.ok(error instanceof AdmissionConfigurationError)
    assert.equal(
      error.message,
      'couldn\'t init admission plugin "PodSecurity": PodSecurity invalid: [defaults.enforce: Invalid value: "x": must be one of privileged, baseline, restricted, exemptions.namespaces[1]: Duplicate value: "a"]',
    )
    return true
  })
})
