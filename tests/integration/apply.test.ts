/** Server-side apply as kubectl does it, against a server process whose own components write beside it. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { startServer, type ServerUnderTest } from './server-under-test.ts'

const skip = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'needs kubectl'

const deployment = (image: string, replicas: number) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'web', image }] } },
  },
})

interface Ran {
  readonly code: number | null
  readonly out: string
  readonly err: string
}

function kubectl(
  server: ServerUnderTest,
  words: readonly string[],
  input?: object | string,
  env: Readonly<Record<string, string>> = {},
): Ran {
  const { status, stdout, stderr } = spawnSync('kubectl', ['--kubeconfig', server.kubeconfig, ...words], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
    ...(input !== undefined && { input: typeof input === 'string' ? input : JSON.stringify(input) }),
    timeout: 30_000,
  })
  return { code: status, out: stdout, err: stderr }
}

interface Entry {
  readonly manager: string
  readonly operation: string
  readonly subresource?: string
}

/** `manager operation subresource` of every owner, in the order of the object. */
async function owners(server: ServerUnderTest, path: string): Promise<readonly string[]> {
  const { metadata } = (await server.call('GET', path)).json<{ metadata: { managedFields?: readonly Entry[] } }>()
  return (metadata.managedFields ?? []).map((e) => [e.manager, e.operation, e.subresource].filter(Boolean).join(' '))
}

const WEB = '/apis/apps/v1/namespaces/default/deployments/web'

test('kubectl applies on the server, and owners, conflicts and force are as upstream has them', { skip }, async () => {
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  const applied = 'deployment.apps/web serverside-applied\n'
  const apply = (object: object, ...words: string[]) => kubectl(server, ['apply', '--server-side', '-f', '-', ...words], object)

  deepEqual(apply(deployment('web:1', 1)), { code: 0, out: applied, err: '' })
  deepEqual(apply(deployment('web:1', 1)), { code: 0, out: applied, err: '' })
  equal(kubectl(server, ['scale', 'deployment', 'web', '--replicas', '3']).code, 0)
  equal(kubectl(server, ['set', 'image', 'deployment/web', 'web=web:2']).code, 0)

  const refused = apply(deployment('web:1', 1))
  equal(refused.code, 1)
  match(
    refused.err,
    /^error: Apply failed with 2 conflicts: conflicts with "kubectl" with subresource "scale" using apps\/v1:\n- \.spec\.replicas\nconflicts with "kubectl-set" using apps\/v1:\n- \.spec\.template\.spec\.containers\[name="web"\]\.image\n/,
  )
  deepEqual(apply(deployment('web:1', 1), '--force-conflicts'), { code: 0, out: applied, err: '' })
  equal(apply(deployment('web:1', 1), '--field-manager', 'second').code, 0)
  const third = apply(deployment('web:3', 1), '--field-manager', 'third')
  match(third.err, /^error: Apply failed with 2 conflicts: conflicts with "kubectl":\n- .*image\nconflicts with "second":\n- .*image\n/)
  const dry = apply(deployment('web:3', 1), '--field-manager', 'third', '--force-conflicts', '--dry-run=server')
  equal(dry.out, 'deployment.apps/web serverside-applied (server dry run)\n')

  equal(kubectl(server, ['edit', 'deployment', 'web'], undefined, { EDITOR: 'sed -i s/web:1/web:4/' }).code, 0)
  equal(kubectl(server, ['patch', 'deployment', 'web', '-p', '{"spec":{"paused":true}}']).code, 0)
  equal(kubectl(server, ['label', 'deployment', 'web', 'a=b']).code, 0)
  const found = (await owners(server, WEB)).filter((owner) => owner !== 'kube-controller-manager Update status')
  deepEqual(found.toSorted(), ['kubectl Apply', 'kubectl-edit Update', 'kubectl-label Update', 'kubectl-patch Update', 'second Apply'])
  match(kubectl(server, ['get', 'deployment', 'web', '-o', 'yaml', '--show-managed-fields']).out, /f:replicas: \{\}/)

  const junk = { ...deployment('web:1', 1), junk: 1 }
  const unknown = apply(junk, '--validate=false')
  equal(
    unknown.err,
    'Error from server: failed to create typed patch object (default/web; apps/v1, Kind=Deployment): .junk: field not declared in schema\n',
  )
})

test('what kubectl applied on its own side moves to the server without conflicts', { skip }, async () => {
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  equal(kubectl(server, ['apply', '-f', '-'], deployment('web:1', 1)).code, 0)
  deepEqual(
    (await owners(server, WEB)).filter((owner) => owner.includes('kubectl')),
    ['kubectl-client-side-apply Update'],
  )
  equal(kubectl(server, ['apply', '--server-side', '-f', '-'], deployment('web:2', 1)).err, '')
  equal(kubectl(server, ['apply', '-f', '-'], deployment('web:3', 2)).code, 0)
  equal(kubectl(server, ['apply', '--server-side', '-f', '-'], deployment('web:4', 2)).err, '')
  const { spec } = (await server.call('GET', WEB)).json<{
    spec: { replicas: number; template: { spec: { containers: { image: string }[] } } }
  }>()
  deepEqual([spec.replicas, spec.template.spec.containers[0]!.image], [2, 'web:4'])
})

test('what the components of the server write is theirs by name', { skip }, async () => {
  await using server = await startServer({ flags: ['--datastore', 'memory'] })
  kubectl(server, ['create', 'deployment', 'web', '--image', 'web:1'])
  await server.call('GET', '/api/v1/namespaces/default/pods') // warm
  const until = performance.now() + 20_000
  let pods: readonly { readonly metadata: { readonly name: string; readonly managedFields: readonly Entry[] } }[] = []
  while (pods[0]?.metadata.managedFields.length !== 2 && performance.now() < until)
    pods = (await server.call('GET', '/api/v1/namespaces/default/pods')).json<{ items: typeof pods }>().items
  deepEqual(await owners(server, `/api/v1/namespaces/default/pods/${pods[0]!.metadata.name}`), [
    'kube-controller-manager Update',
    'kube-scheduler Update status',
  ])
  deepEqual(await owners(server, '/api/v1/namespaces/kube-system'), ['kube-apiserver Update'])
  deepEqual(await owners(server, '/api/v1/namespaces/default/services/kubernetes'), ['kube-apiserver Update'])
  deepEqual(await owners(server, '/apis/rbac.authorization.k8s.io/v1/clusterroles/cluster-admin'), ['kube-apiserver Update'])
  deepEqual(await owners(server, '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas/exempt'), [
    'api-priority-and-fairness-config-producer-v1 Update',
  ])
})
