/** An operator on the informers of `@kubernetes/client-node`: each Website gets a ConfigMap and a Deployment, while this process leads. */

import { hostname } from 'node:os'
import { parseArgs } from 'node:util'
import {
  ApiException,
  AppsV1Api,
  CoordinationV1Api,
  CoreV1Api,
  CustomObjectsApi,
  KubeConfig,
  makeInformer,
  PatchStrategy,
  setHeaderOptions,
  V1MicroTime,
  type KubernetesListObject,
  type KubernetesObject,
  type V1ConfigMap,
  type V1Deployment,
  type V1Lease,
  type V1OwnerReference,
} from '@kubernetes/client-node'

interface Website extends KubernetesObject {
  readonly spec: { readonly html: string; readonly replicas: number }
  readonly status?: { readonly observedGeneration?: number; readonly readyReplicas?: number }
}

const WEBSITES = { group: 'example.com', version: 'v1', plural: 'websites' }
const FINALIZER = 'example.com/directory'
const LEASE = { name: 'website-operator', namespace: 'operators' }
const LEASE_SECONDS = 2
const DIRECTORY = { name: 'directory', namespace: 'operators' }

const config = new KubeConfig()
config.loadFromDefault()
const core = config.makeApiClient(CoreV1Api)
const apps = config.makeApiClient(AppsV1Api)
const custom = config.makeApiClient(CustomObjectsApi)
const coordination = config.makeApiClient(CoordinationV1Api)
const identity = `${hostname()}_${parseArgs({ options: { identity: { type: 'string' } } }).values.identity}`
const mergePatch = setHeaderOptions('Content-Type', PatchStrategy.MergePatch)

const websites = makeInformer<Website>(
  config,
  `/apis/${WEBSITES.group}/${WEBSITES.version}/${WEBSITES.plural}`,
  () => custom.listCustomObjectForAllNamespaces({ ...WEBSITES, resourcePlural: WEBSITES.plural }) as Promise<KubernetesListObject<Website>>,
)
const deployments = makeInformer<V1Deployment>(
  config,
  '/apis/apps/v1/deployments',
  () => apps.listDeploymentForAllNamespaces({ labelSelector: 'example.com/website' }),
  'example.com/website',
)
let isLeading = false
const waiting = new Set<string>()

process.on('SIGTERM', () => void release().finally(() => process.exit(0)))
await lead()
websites.on('change', (site) => enqueue(site))
deployments.on('change', (deployment) => enqueue(deployment))
for (const informer of [websites, deployments]) {
  informer.on('error', (error: unknown) => {
    say(`informer: ${told(error)}`)
    setTimeout(() => void informer.start(), 200)
  })
  await informer.start()
}
await work()

/** A deployment has the name of its website, so one key serves both. */
function enqueue(object: KubernetesObject): void {
  waiting.add(`${object.metadata!.namespace}/${object.metadata!.name}`)
}

async function work(): Promise<never> {
  for (;;) {
    const key = waiting.values().next().value
    if (key === undefined) {
      await pause(20)
      continue
    }
    waiting.delete(key)
    const [namespace, name] = key.split('/') as [string, string]
    const site = websites.get(name, namespace)
    if (site === undefined || !isLeading) continue
    try {
      await reconcile(site, namespace, name)
    } catch (error) {
      say(`${key}: ${told(error)}`)
      await pause(100)
      waiting.add(key)
    }
  }
}

async function reconcile(site: Website, namespace: string, name: string): Promise<void> {
  const metadata = site.metadata!
  const finalizers = metadata.finalizers ?? []
  if (metadata.deletionTimestamp !== undefined) {
    if (!finalizers.includes(FINALIZER)) return
    await inDirectory(`${namespace}.${name}`, null)
    await patchSite(namespace, name, [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'replace', path: '/metadata/finalizers', value: finalizers.filter((f) => f !== FINALIZER) },
    ])
    return
  }
  if (!finalizers.includes(FINALIZER)) {
    await patchSite(namespace, name, [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'add', path: '/metadata/finalizers', value: [...finalizers, FINALIZER] },
    ])
    return // the change comes back through the informer
  }
  await inDirectory(`${namespace}.${name}`, site.spec.html.length.toString())
  const owner: V1OwnerReference = {
    apiVersion: `${WEBSITES.group}/${WEBSITES.version}`,
    kind: 'Website',
    name,
    uid: metadata.uid!,
    controller: true,
    blockOwnerDeletion: true,
  }
  await writeContent(site, namespace, name, owner)
  const deployment = await writeDeployment(site, namespace, name, owner)
  const status = { observedGeneration: metadata.generation, readyReplicas: deployment.status?.readyReplicas ?? 0 }
  if (JSON.stringify(site.status) === JSON.stringify(status)) return
  await custom.patchNamespacedCustomObjectStatus({ ...WEBSITES, namespace, name, body: { status } }, mergePatch)
}

async function writeContent(site: Website, namespace: string, name: string, owner: V1OwnerReference): Promise<void> {
  const wanted: V1ConfigMap = { metadata: { name: `${name}-content`, ownerReferences: [owner] }, data: { 'index.html': site.spec.html } }
  const found = await orUndefined(core.readNamespacedConfigMap({ namespace, name: `${name}-content` }))
  if (found === undefined) await core.createNamespacedConfigMap({ namespace, body: wanted })
  else if (found.data?.['index.html'] !== site.spec.html)
    await core.replaceNamespacedConfigMap({ namespace, name: `${name}-content`, body: { ...found, data: wanted.data! } })
}

async function writeDeployment(site: Website, namespace: string, name: string, owner: V1OwnerReference): Promise<V1Deployment> {
  const labels = { 'example.com/website': name }
  const found = await orUndefined(apps.readNamespacedDeployment({ namespace, name }))
  if (found === undefined)
    return await apps.createNamespacedDeployment({
      namespace,
      body: {
        metadata: { name, labels, ownerReferences: [owner] },
        spec: {
          replicas: site.spec.replicas,
          selector: { matchLabels: labels },
          template: {
            metadata: { labels },
            spec: {
              containers: [{ name: 'web', image: 'nginx:1', volumeMounts: [{ name: 'content', mountPath: '/html' }] }],
              volumes: [{ name: 'content', configMap: { name: `${name}-content` } }],
            },
          },
        },
      },
    })
  if (found.spec!.replicas === site.spec.replicas) return found
  return await apps.replaceNamespacedDeployment({
    namespace,
    name,
    body: { ...found, spec: { ...found.spec!, replicas: site.spec.replicas } },
  })
}

/** The directory lists every site; no owner can say so across namespaces, which is what the finalizer is for. */
async function inDirectory(entry: string, value: string | null): Promise<void> {
  await core.patchNamespacedConfigMap({ ...DIRECTORY, body: { data: { [entry]: value } } }, mergePatch)
}

async function patchSite(namespace: string, name: string, body: readonly object[]): Promise<void> {
  await custom.patchNamespacedCustomObject(
    { ...WEBSITES, namespace, name, body },
    setHeaderOptions('Content-Type', PatchStrategy.JsonPatch),
  )
}

/** Waits until the lease is ours, then renews it; ends the process when another took it. */
async function lead(): Promise<void> {
  while (!(await tryLead())) await pause(100)
  isLeading = true
  say(`leading as ${identity}`)
  setInterval(
    () =>
      void tryLead().then((isStillOurs) => {
        if (isStillOurs) return
        say('lost the lease')
        process.exit(1)
      }),
    (LEASE_SECONDS * 1000) / 4,
  )
}

async function tryLead(): Promise<boolean> {
  const now = new V1MicroTime()
  try {
    const lease = await orUndefined(coordination.readNamespacedLease(LEASE))
    const spec = { holderIdentity: identity, leaseDurationSeconds: LEASE_SECONDS, renewTime: now }
    if (lease === undefined) {
      const body: V1Lease = { metadata: LEASE, spec: { ...spec, acquireTime: now, leaseTransitions: 0 } }
      await coordination.createNamespacedLease({ namespace: LEASE.namespace, body })
      return true
    }
    const held = lease.spec!
    const isOurs = held.holderIdentity === identity
    // the library answers the text of such a time, whatever its type says
    const isFree = !held.holderIdentity || new Date(held.renewTime!).getTime() + LEASE_SECONDS * 1000 < now.getTime()
    if (!isOurs && !isFree) return false
    const taken = isOurs ? {} : { acquireTime: now, leaseTransitions: (held.leaseTransitions ?? 0) + 1 }
    await coordination.replaceNamespacedLease({ ...LEASE, body: { ...lease, spec: { ...held, ...spec, ...taken } } })
    return true
  } catch (error) {
    // a server that is away for a moment takes nobody's lease; a conflict means that another was quicker
    if (error instanceof ApiException && error.code === 409) return false
    say(`lease: ${told(error)}`)
    if (!(error instanceof ApiException)) return isLeading
    throw error
  }
}

async function release(): Promise<void> {
  if (!isLeading) return
  const lease = await coordination.readNamespacedLease(LEASE)
  await coordination.replaceNamespacedLease({ ...LEASE, body: { ...lease, spec: { ...lease.spec!, holderIdentity: '' } } })
}

async function orUndefined<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof ApiException && error.code === 404) return undefined
    throw error
  }
}

function told(error: unknown): string {
  return error instanceof Error ? error.message : JSON.stringify(error)
}

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function pause(ms: number): Promise<void> {
  return new Promise((done) => setTimeout(done, ms))
}
