/** What a user does with a cluster, done with the stock kubectl against real containers. */

import { deepEqual, equal, match, notEqual, ok, rejects } from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { eventually, needsKubectl, needsRealNodes, startCluster, type ClusterUnderTest } from './cluster-under-test.ts'

const skip = needsRealNodes || needsKubectl
let c: ClusterUnderTest

const IMAGE = 'docker.io/library/k8ts-demo:1'
const labels = { app: 'web' }
const container = {
  name: 'web',
  image: IMAGE,
  ports: [{ containerPort: 8080 }],
  readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
}
const web = {
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web', namespace: 'shop' },
  spec: {
    replicas: 2,
    selector: { matchLabels: labels },
    strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
    template: {
      metadata: { labels },
      spec: { terminationGracePeriodSeconds: 5, containers: [{ ...container, lifecycle: { preStop: { sleep: { seconds: 2 } } } }] },
    },
  },
}
const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace: 'shop' },
  spec: { type: 'NodePort', selector: labels, ports: [{ name: 'http', port: 80, targetPort: 8080 }] },
}
const shell = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'shell', namespace: 'shop' },
  spec: {
    terminationGracePeriodSeconds: 0,
    containers: [{ name: 'sh', image: IMAGE, command: ['/bin/sh', '-c', 'echo started; sleep 100000'] }],
  },
}

const json = async <T>(...words: readonly string[]) => JSON.parse(await c.kubectl(...words, '-o', 'json')) as T
const inShell = (script: string) => c.kubectl('-n', 'shop', 'exec', 'shell', '--', '/bin/sh', '-c', script)
const fetchText = async (url: string) => (await fetch(url, { signal: AbortSignal.timeout(2000) })).text()

interface Named {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string }
}

before(async () => {
  if (skip) return
  c = await startCluster()
})
after(async () => {
  if (!skip) await c[Symbol.asyncDispose]()
})

test('a Deployment and its Service answer by cluster IP, node port and DNS name', { skip }, async () => {
  await c.kubectl('create', 'namespace', 'shop')
  match(await c.apply(web, service, shell), /deployment.apps\/web created\nservice\/web created\npod\/shell created/)
  match(await c.kubectl('-n', 'shop', 'rollout', 'status', 'deployment/web', '--timeout=60s'), /successfully rolled out/)
  await c.kubectl('-n', 'shop', 'wait', '--for=condition=Ready', 'pod/shell', '--timeout=60s')
  const svc = await json<{ spec: { clusterIP: string; ports: { nodePort: number }[] } }>('-n', 'shop', 'get', 'service', 'web')
  match(await inShell(`wget -qO- http://${svc.spec.clusterIP}/`), /^Hello from web-/)
  // a cluster that has just come up may still be announcing its DNS to the proxy
  match(await eventually('the name', () => inShell('wget -qO- http://web/')), /^Hello from web-/)
  match(await inShell('wget -qO- http://web.shop.svc.cluster.local/'), /^Hello from web-/)
  const node = await c.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[?(@.type=="InternalIP")].address}')
  match(await eventually('node port', () => fetchText(`http://${node}:${svc.spec.ports[0]!.nodePort}/`)), /^Hello from web-/)
})

test('kubectl shows it all: get, describe, events, logs, top level', { skip }, async () => {
  match(
    await c.kubectl('-n', 'shop', 'get', 'all'),
    /pod\/web-[\s\S]*service\/web[\s\S]*deployment.apps\/web\s+2\/2[\s\S]*replicaset.apps\/web-/,
  )
  match(await c.kubectl('-n', 'shop', 'describe', 'pod', 'shell'), /Events:[\s\S]*Scheduled[\s\S]*Pulled[\s\S]*Created[\s\S]*Started/)
  match(await c.kubectl('-n', 'shop', 'events', '--for', 'pod/shell'), /Successfully assigned shop\/shell to node-1/)
  equal(await c.kubectl('-n', 'shop', 'logs', 'shell'), 'started\n')
  match(await c.kubectl('get', 'nodes', '-o', 'wide'), /node-1\s+Ready\s+\S+\s+\S+\s+v1\.36/)
})

test('logs -f follows until the container ends', { skip }, async () => {
  await c.apply({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'ticker', namespace: 'shop' },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'sh', image: IMAGE, command: ['/bin/sh', '-c', 'for i in 1 2 3; do echo tick $i; sleep 1; done'] }],
    },
  })
  await c.kubectl('-n', 'shop', 'wait', '--for=jsonpath={.status.phase}=Running', 'pod/ticker', '--timeout=60s')
  equal(await c.kubectl('-n', 'shop', 'logs', '-f', 'ticker'), 'tick 1\ntick 2\ntick 3\n')
  await c.kubectl('-n', 'shop', 'wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/ticker', '--timeout=60s')
})

/* The next four are named after their conformance descriptions. */

const TOKEN_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const runsOnce = { restartPolicy: 'Never', terminationGracePeriodSeconds: 0 }

const pod = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'shop' }, spec })

/** What a token that pods hold is worth to whom it is shown. */
async function reviewed(token: string, ...audiences: readonly string[]) {
  const review = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenReview',
    spec: { token, ...(audiences.length > 0 && { audiences }) },
  }
  const ran = await c.tryKubectl(['create', '-o', 'json', '-f', '-'], JSON.stringify(review))
  equal(ran.code, 0, ran.err)
  return (JSON.parse(ran.out) as { status: { authenticated?: boolean; audiences?: string[]; user: { username: string; uid: string } } })
    .status
}

test('ServiceAccounts should mount an API token into pods', { skip }, async () => {
  const reads = (file: string) => ({ name: file.replaceAll('.', '-'), image: IMAGE, command: ['/bin/cat', `${TOKEN_PATH}/${file}`] })
  await c.apply(pod('reader', { ...runsOnce, containers: ['token', 'ca.crt', 'namespace'].map(reads) }))
  await c.kubectl('-n', 'shop', 'wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/reader', '--timeout=60s')
  const read = (file: string) => c.kubectl('-n', 'shop', 'logs', 'reader', '-c', reads(file).name)
  const account = await json<Named>('-n', 'shop', 'get', 'serviceaccount', 'default')
  const { data } = await json<{ data: Record<string, string> }>('-n', 'shop', 'get', 'configmap', 'kube-root-ca.crt')
  equal(await read('namespace'), 'shop')
  equal((await read('ca.crt')).trim(), data['ca.crt']!.trim())
  // what a pod that has ended held is good for nothing: one that still runs is asked
  const token = await inShell(`cat ${TOKEN_PATH}/token`)
  const { authenticated, user } = await reviewed(token)
  deepEqual([authenticated, user.username, user.uid], [true, 'system:serviceaccount:shop:default', account.metadata.uid])
  match(await read('token'), /^[\w-]+\.[\w-]+\.[\w-]+$/)
})

test('ServiceAccounts should mount projected service account token', { skip }, async () => {
  const source = { serviceAccountToken: { path: 'token', audience: 'vault', expirationSeconds: 600 } }
  const volume = { name: 'sa-token', projected: { defaultMode: 0o440, sources: [source] } }
  const container = {
    name: 'sh',
    image: IMAGE,
    command: ['/bin/sh', '-c', 'sleep 100000'],
    volumeMounts: [{ name: 'sa-token', mountPath: '/test-volume' }],
  }
  await c.apply(pod('projected', { ...runsOnce, automountServiceAccountToken: false, containers: [container], volumes: [volume] }))
  await c.kubectl('-n', 'shop', 'wait', '--for=condition=Ready', 'pod/projected', '--timeout=60s')
  const inPod = (script: string) => c.kubectl('-n', 'shop', 'exec', 'projected', '--', '/bin/sh', '-c', script)
  const token = await inPod('cat /test-volume/token')
  match(await inPod('ls -lL /test-volume/token'), /^-r--r-----/)
  const { authenticated, audiences, user } = await reviewed(token, 'vault', 'other')
  deepEqual([authenticated, audiences, user.username], [true, ['vault'], 'system:serviceaccount:shop:default'])
  equal((await reviewed(token)).authenticated, undefined)
})

/** Runs inside a pod: finds the issuer of the pod's token by discovery, and checks the token with its keys. */
const VERIFIER = `
  const { createPublicKey, verify } = require('node:crypto')
  const token = require('node:fs').readFileSync('${TOKEN_PATH}/token', 'utf8')
  const [header, claims, signature] = token.split('.')
  const read = (part) => JSON.parse(Buffer.from(part, 'base64url'))
  const ask = async (url) => {
    const answer = await fetch(url, { headers: { authorization: 'Bearer ' + token } })
    if (answer.status !== 200) throw new Error(url + ': ' + answer.status + ' ' + await answer.text())
    return answer.json()
  }
  const check = async () => {
    const { issuer, jwks_uri } = await ask('https://kubernetes.default.svc/.well-known/openid-configuration')
    const { keys } = await ask(jwks_uri)
    const key = createPublicKey({ key: keys.find((one) => one.kid === read(header).kid), format: 'jwk' })
    const dsa = key.asymmetricKeyType === 'ec' ? { key, dsaEncoding: 'ieee-p1363' } : key
    const signed = verify('sha256', Buffer.from(header + '.' + claims), dsa, Buffer.from(signature, 'base64url'))
    console.log(JSON.stringify({ signed, issued: issuer === read(claims).iss, sub: read(claims).sub }))
  }
  check()
`

test('ServiceAccounts ServiceAccountIssuerDiscovery should support OIDC discovery of service account issuer', { skip }, async () => {
  // the machine's own Node.js and its libraries, lent to the pod
  const lent = { '/machine/node': process.execPath, '/lib': '/usr/lib', '/lib64': '/usr/lib64' }
  const mounts = Object.entries(lent)
    .filter(([, path]) => existsSync(path))
    .map(([mountPath, path], i) => ({ name: `lent-${i}`, mountPath, path }))
  const container = {
    name: 'verifier',
    image: IMAGE,
    command: ['/machine/node', '-e', VERIFIER],
    env: [{ name: 'NODE_EXTRA_CA_CERTS', value: `${TOKEN_PATH}/ca.crt` }],
    volumeMounts: mounts.map(({ name, mountPath }) => ({ name, mountPath, readOnly: true })),
  }
  const volumes = mounts.map(({ name, path }) => ({ name, hostPath: { path } }))
  await c.apply(pod('verifier', { ...runsOnce, containers: [container], volumes }))
  await eventually('an end', async () =>
    /Succeeded|Failed/.test(await c.kubectl('-n', 'shop', 'get', 'pod', 'verifier', '-o', 'jsonpath={.status.phase}')) ? true : undefined,
  )
  const said = { signed: true, issued: true, sub: 'system:serviceaccount:shop:default' }
  equal(await c.kubectl('-n', 'shop', 'logs', 'verifier'), `${JSON.stringify(said)}\n`)
})

test('Kubectl logs logs should be able to retrieve and filter logs', { skip }, async () => {
  const script = 'for i in 1 2 3 4 5; do echo line $i; done; sleep 4; echo late; sleep 100000'
  await c.apply(pod('logs-generator', { ...runsOnce, containers: [{ name: 'sh', image: IMAGE, command: ['/bin/sh', '-c', script] }] }))
  await c.kubectl('-n', 'shop', 'wait', '--for=condition=Ready', 'pod/logs-generator', '--timeout=60s')
  const logs = (...flags: readonly string[]) => c.kubectl('-n', 'shop', 'logs', 'logs-generator', ...flags)
  match(await logs(), /^line 1\nline 2\n/)
  await eventually('the late line', async () => ((await logs()).endsWith('late\n') ? true : undefined))
  equal(await logs('--tail=1'), 'late\n')
  equal(await logs('--limit-bytes=1'), 'l')
  const [stamped, rest] = (await logs('--tail=1', '--timestamps')).split('late')
  match(stamped!, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d) $/)
  equal(rest, '\n')
  equal((await logs('--since=2s')).includes('line'), false)
  equal(await logs('--since=24h'), 'line 1\nline 2\nline 3\nline 4\nline 5\nlate\n')
})

test('exec passes input, output and the exit status', { skip }, async () => {
  const ran = await c.tryKubectl(['-n', 'shop', 'exec', '-i', 'shell', '--', '/bin/sh', '-c', 'cat; echo oops >&2; exit 7'], 'hello\n')
  deepEqual([ran.code, ran.out], [7, 'hello\n'])
  match(ran.err, /oops[\s\S]*command terminated with exit code 7/)
})

test('cp carries a file there and back', { skip }, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'cp-'))
  const content = 'x'.repeat(100_000)
  writeFileSync(join(directory, 'a'), content)
  await c.kubectl('cp', join(directory, 'a'), 'shop/shell:/tmp/a')
  await c.kubectl('cp', 'shop/shell:/tmp/a', join(directory, 'b'))
  equal(readFileSync(join(directory, 'b'), 'utf8'), content)
  rmSync(directory, { recursive: true })
})

test('port-forward reaches a pod', { skip }, async () => {
  const forward = c.startKubectl('-n', 'shop', 'port-forward', 'deployment/web', ':8080')
  const [line] = (await once(forward.stdout!, 'data')) as [Buffer]
  const port = /127\.0\.0\.1:(\d+)/.exec(String(line))![1]
  match(await fetchText(`http://127.0.0.1:${port}/`), /^Hello from web-/)
  forward.kill()
})

test('scaling changes the number of pods', { skip }, async () => {
  await c.kubectl('-n', 'shop', 'scale', 'deployment/web', '--replicas=4')
  await c.kubectl('-n', 'shop', 'wait', '--for=jsonpath={.status.readyReplicas}=4', 'deployment/web', '--timeout=60s')
  await c.kubectl('-n', 'shop', 'scale', 'deployment/web', '--replicas=2')
  await eventually('two pods', async () =>
    (await json<{ items: Named[] }>('-n', 'shop', 'get', 'pods', '-l', 'app=web')).items.length === 2 ? true : undefined,
  )
})

test('a rolling update and its undo fail no request', { skip }, async () => {
  const svc = await json<{ spec: { ports: { nodePort: number }[] } }>('-n', 'shop', 'get', 'service', 'web')
  const node = await c.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].status.addresses[0].address}')
  const failures: unknown[] = []
  let asked = 0
  let looping = true
  const loop = (async () => {
    while (looping) {
      asked++
      // one connection a request, so that each is balanced anew
      await fetch(`http://${node}:${svc.spec.ports[0]!.nodePort}/`, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } })
        .then((r) => r.text())
        .catch((error) => failures.push(error))
    }
  })()
  await c.kubectl('-n', 'shop', 'set', 'env', 'deployment/web', 'GENERATION=2')
  await c.kubectl('-n', 'shop', 'rollout', 'status', 'deployment/web', '--timeout=120s')
  match(await c.kubectl('-n', 'shop', 'rollout', 'history', 'deployment/web'), /\n1 [\s\S]*\n2 /)
  match(await c.kubectl('-n', 'shop', 'rollout', 'undo', 'deployment/web'), /rolled back/)
  await c.kubectl('-n', 'shop', 'rollout', 'status', 'deployment/web', '--timeout=120s')
  looping = false
  await loop
  deepEqual(failures, [])
  ok(asked > 20)
})

test('a killed container is started again, and a deleted pod replaced', { skip }, async () => {
  const pod = (await json<{ items: Named[] }>('-n', 'shop', 'get', 'pods', '-l', 'app=web')).items.find(
    (p) => p.metadata.deletionTimestamp === undefined,
  )
  await c.tryKubectl(['-n', 'shop', 'exec', pod!.metadata.name, '--', '/bin/sh', '-c', 'kill 1'])
  await eventually('a restart', async () =>
    (await c.kubectl('-n', 'shop', 'get', 'pod', pod!.metadata.name, '-o', 'jsonpath={.status.containerStatuses[0].restartCount}')) === '1'
      ? true
      : undefined,
  )
  await c.kubectl('-n', 'shop', 'delete', 'pod', pod!.metadata.name)
  await c.kubectl('-n', 'shop', 'wait', '--for=jsonpath={.status.readyReplicas}=2', 'deployment/web', '--timeout=60s')
  ok(!(await c.kubectl('-n', 'shop', 'get', 'pods', '-o', 'name')).includes(pod!.metadata.name))
})

test('a killed kubelet comes back and takes its running pods over', { skip }, async () => {
  const before = await json<{ status: { containerStatuses: { containerID: string }[] } }>('-n', 'shop', 'get', 'pod', 'shell')
  const killed = await c.k8ts('status', '-o', 'json')
  const agents = (JSON.parse(killed.out) as { nodes: { agentPids: number[] }[] }).nodes.flatMap((n) => n.agentPids)
  notEqual(agents.length, 0)
  for (const pid of agents) process.kill(pid, 'SIGKILL')
  await c.kubectl('-n', 'shop', 'delete', 'pod', '-l', 'app=web', '--wait=false')
  await c.kubectl('-n', 'shop', 'rollout', 'status', 'deployment/web', '--timeout=120s')
  const later = await json<{ status: { containerStatuses: { containerID: string; restartCount: number }[] } }>(
    '-n',
    'shop',
    'get',
    'pod',
    'shell',
  )
  equal(later.status.containerStatuses[0]!.containerID, before.status.containerStatuses[0]!.containerID)
})

test('a server killed while writing comes back with everything it acknowledged', { skip }, async () => {
  const server = (JSON.parse((await c.k8ts('status', '-o', 'json')).out) as { serverPids: number[] }).serverPids
  const acknowledged: string[] = []
  const writer = (async () => {
    for (let i = 0; i < 60; i++) {
      const ran = await c.tryKubectl(['-n', 'shop', 'create', 'configmap', `c${i}`, `--from-literal=n=${i}`])
      if (ran.code === 0) acknowledged.push(`c${i}`)
    }
  })()
  await eventually('some writes', async () => (acknowledged.length > 10 ? true : undefined))
  for (const pid of server) process.kill(pid, 'SIGKILL')
  await writer
  await eventually('the server', async () => ((await c.tryKubectl(['get', '--raw', '/readyz'])).out === 'ok' ? true : undefined))
  const kept = (await json<{ items: Named[] }>('-n', 'shop', 'get', 'configmaps')).items.map((i) => i.metadata.name)
  deepEqual(
    acknowledged.filter((name) => !kept.includes(name)),
    [],
  )
})

test('a view-only service account reads, and is refused the rest in the usual words', { skip }, async () => {
  await c.kubectl('-n', 'shop', 'create', 'serviceaccount', 'viewer')
  await c.kubectl('-n', 'shop', 'create', 'rolebinding', 'viewer', '--clusterrole=view', '--serviceaccount=shop:viewer')
  const token = (await c.kubectl('-n', 'shop', 'create', 'token', 'viewer')).trim()
  const as = (words: readonly string[]) =>
    c.tryKubectl(['--kubeconfig=/dev/null', '--server', server, '--insecure-skip-tls-verify', '--token', token, '-n', 'shop', ...words])
  const server = (await c.kubectl('config', 'view', '-o', 'jsonpath={.clusters[0].cluster.server}')).trim()
  equal((await as(['get', 'pods'])).code, 0)
  const refused = await as(['delete', 'pod', 'shell'])
  equal(refused.code, 1)
  equal(
    refused.err.trim(),
    'Error from server (Forbidden): pods "shell" is forbidden: User "system:serviceaccount:shop:viewer" cannot delete resource "pods" in API group "" in the namespace "shop"',
  )
})

test('a deleted namespace takes everything with it', { skip }, async () => {
  await c.kubectl('delete', 'namespace', 'shop', '--timeout=120s')
  await rejects(c.kubectl('get', 'namespace', 'shop'), /namespaces "shop" not found/)
  equal(
    (await c.kubectl('get', 'pods,services,configmaps,deployments,replicasets,serviceaccounts', '-n', 'shop', '--ignore-not-found')).trim(),
    '',
  )
})
