/** The kubelet: runs the pods bound to its node and tells the API how they and the node are. */

import { configMaps } from '#api/core/v1/config-map.ts'
import type { Node } from '#api/core/v1/node.ts'
import { persistentVolumeClaims } from '#api/core/v1/persistent-volume-claim.ts'
import { persistentVolumes } from '#api/core/v1/persistent-volume.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { secrets } from '#api/core/v1/secret.ts'
import { services, type Service } from '#api/core/v1/service.ts'
import type { Taint } from '#api/core/v1/toleration.ts'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { isReason, type Client, type Ref } from '#client/client.ts'
import { createEventRecorder, type EventRecorder } from '#client/event-recorder.ts'
import type { Change, Informers } from '#client/informer.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Runtime } from '#runtime/runtime.ts'
import { createImagePuller } from './containers/image-puller.ts'
import type { ObjectReader } from './containers/environment.ts'
import type { Dns } from './containers/network-files.ts'
import { createTokens } from './containers/tokens.ts'
import { createAdmission } from './node/admission.ts'
import { simulatedMachine, type Machine } from './node/machine.ts'
import { keepNode } from './node/node-keeper.ts'
import { allocatableOf, nodeReference, roomForPods, type NodeParts } from './node/node-object.ts'
import { PodWorker, type WorkerParts } from './pod/pod-worker.ts'
import { LABEL_POD_NAME, LABEL_POD_NAMESPACE, LABEL_POD_UID } from './pod/pod-view.ts'
import { createStatusWriter } from './pod/status-writer.ts'
import { createProbeCounts } from './probes/probe-counts.ts'
import { createProber } from './probes/prober.ts'
import { noCgroups, type Cgroups } from './resources/cgroups.ts'
import { noVolumes, type PodVolumes } from './volumes/pod-volumes.ts'
import type { NodeDisk } from './node/node-disk.ts'

/** Where the pods of this node come from; by default an informer with the selector `spec.nodeName`. */
export interface PodSource {
  /** Delivers what is known, then every change. */
  subscribe(onChange: (change: Change<Pod>) => void): Disposable
  /** Resolves once all pods of the node have been delivered. */
  synced(signal: AbortSignal): Promise<void>
}

export interface KubeletParts {
  readonly client: Client
  readonly runtime: Runtime
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly nodeName: string
  /** The node's own addresses, the primary one first. */
  readonly nodeAddresses: readonly string[]
  readonly informers: Informers
  readonly pods?: PodSource
  readonly services?: () => readonly Service[]
  /** By default an invented machine, for nodes in memory. */
  readonly machine?: Machine
  /** By default none of the three is there: pods that run in memory need no disk. */
  readonly volumes?: PodVolumes
  readonly cgroups?: Cgroups
  readonly disk?: NodeDisk
  readonly clusterDns?: readonly string[]
  readonly clusterDomain?: string
  readonly podCidr?: string
  readonly labels?: Readonly<Record<string, string>>
  readonly taints?: readonly Taint[]
  readonly maxPods?: number
  readonly serverPort?: number
  readonly reserved?: { readonly milliCpu: number; readonly memoryBytes: number }
  readonly providerId?: string
  /** How often the runtime is asked when it does not tell by itself. */
  readonly relistMs?: number
}

/** What the kubelet's server shows and does. */
export interface KubeletState {
  pods(): readonly Pod[]
  worker(namespace: string, name: string): PodWorker | undefined
  readonly runtime: Runtime
  readonly nodeName: string
  node(): Node | undefined
  /** Prometheus text. */
  probeMetrics(): string
}

const MAX_PODS = 110 // upstream's default
const SERVER_PORT = 10250
const RELIST_MS = 1_000
const OBJECT_MS = 5_000 // how long a ConfigMap or Secret that was read serves the pods that ask next
const ORPHANS_MS = 60_000
const ENFORCE_MS = 60_000

/** Runs until the signal aborts; pods keep running then. `onState` gets what the server needs, before anything runs. */
export async function runKubelet(parts: KubeletParts, signal: AbortSignal, onState?: (state: KubeletState) => void): Promise<void> {
  const { client, runtime, clock, random, log, nodeName, informers } = parts
  const machine = parts.machine ?? simulatedMachine(nodeName)
  const volumes = parts.volumes ?? noVolumes
  const groups = parts.cgroups ?? noCgroups
  const disk = parts.disk
  const events = createEventRecorder({ client, clock, log, component: 'kubelet', host: nodeName })
  const statuses = createStatusWriter({ client, clock, log, signal })
  const objects = objectReader(client, clock)
  const nodeParts: NodeParts = {
    nodeName,
    addresses: parts.nodeAddresses,
    machine,
    maxPods: parts.maxPods ?? MAX_PODS,
    labels: parts.labels ?? {},
    taints: parts.taints ?? [],
    reserved: parts.reserved ?? { milliCpu: 0, memoryBytes: 0 },
    serverPort: parts.serverPort ?? SERVER_PORT,
    providerId: parts.providerId,
  }
  const allocatable = allocatableOf(nodeParts)
  const probeCounts = createProbeCounts()
  const workers = new Map<string, PodWorker>()
  let node: Node | undefined
  const podSource = parts.pods ?? informerSource(informers, nodeName, clock)
  const serviceList = parts.services ?? (() => serviceInformer!.list())
  const serviceInformer = parts.services === undefined ? informers.for(services) : undefined
  const admission = createAdmission({ allocatable, labels: () => node?.metadata.labels ?? parts.labels ?? {} })
  const noDns: Dns = { servers: [], searches: [], options: [] }

  const share = () =>
    groups.share([...workers.values()].filter((w) => w.life.phase === 'syncing' || w.life.phase === 'terminating').map((w) => w.pod))

  const workerParts: WorkerParts = {
    client,
    clock,
    log,
    random,
    runtime,
    runtimeName: (await firstVersion(runtime, clock, log, signal)).name,
    prober: createProber({ runtime, clock }),
    probeCounts,
    images: createImagePuller({ runtime, clock, objects, ...(disk && { record: disk.pullRecord }) }),
    objects,
    services: serviceList,
    volumes,
    cgroups: {
      ...groups,
      create(pod) {
        share()
        groups.create(pod)
      },
      remove(pod) {
        groups.remove(pod)
        share()
      },
    },
    statuses,
    memoryBytes: machine.memoryBytes,
    clusterDomain: parts.clusterDomain ?? 'cluster.local',
    clusterDns: parts.clusterDns ?? [],
    nodeDns: disk?.dns() ?? noDns,
    nodeHosts: disk?.hosts() ?? '',
    seccompDirectory: disk?.seccompDirectory ?? '/var/lib/kubelet/seccomp',
    hostIPs: parts.nodeAddresses,
    allocatable: () => allocatable,
    logDirectory: (pod) => disk?.logDirectory(pod) ?? '',
    removeLogs: (pod) => disk?.removeLogs(pod),
    readTerminationMessage: (container) => disk?.terminationMessage(container) ?? container.message,
    token: createTokens({ client, clock }),
    admit: (pod) =>
      admission.admit(
        pod,
        [...workers.values()].filter((w) => w.life.phase === 'syncing' && w.pod.metadata.uid !== pod.metadata.uid).map((w) => w.pod),
      ),
    event: (pod, type, reason, message, fieldPath) =>
      events.record(
        { apiVersion: 'v1', kind: 'Pod', metadata: pod.metadata, ...(fieldPath !== undefined && { fieldPath }) },
        type,
        reason,
        message,
      ),
    gone: (uid) => void workers.delete(uid),
  }
  onState?.({
    pods: () => [...workers.values()].map((w) => w.pod),
    worker: (namespace, name) =>
      [...workers.values()].findLast((w) => w.pod.metadata.namespace === namespace && w.pod.metadata.name === name),
    runtime,
    nodeName,
    node: () => node,
    probeMetrics: () => probeCounts.text(),
  })

  informers.start(signal)
  if (parts.podCidr !== undefined)
    await runtime
      .setPodCidr(parts.podCidr)
      .catch((error: unknown) => log.warn('runtime does not take the pod range', { error: String(error) }))
  const registered = Promise.withResolvers<void>()
  const keeping = keepNode(
    {
      client,
      clock,
      log,
      random,
      runtime,
      node: nodeParts,
      events,
      pressure: () => disk?.pressure() ?? { memory: false, disk: false },
      seen: (n) => (node = n),
    },
    registered.resolve,
    signal,
  )
  await Promise.race([registered.promise, aborted(signal)])
  if (signal.aborted) return void (await keeping)
  const limiting = limitPods(groups, nodeParts, events, clock, signal)

  const apply = (change: Change<Pod>) => {
    const { uid } = change.object.metadata
    const worker = workers.get(uid)
    if (change.type === 'deleted') return worker?.removed()
    if (change.type === 'updated' && change.previous.metadata.uid !== uid) workers.get(change.previous.metadata.uid)?.removed()
    if (worker !== undefined) return worker.update(change.object)
    workers.set(uid, new PodWorker(workerParts, change.object))
  }
  using _ = podSource.subscribe(apply)
  await podSource.synced(signal).catch(() => undefined)
  share()
  await Promise.all([
    keeping,
    limiting,
    runtime.events === undefined ? relist(parts, workers, signal) : followEvents(runtime, workers, signal),
    clearOrphans(parts, workers, groups, volumes, signal),
    disk?.keep(runtime, clock, signal) ?? Promise.resolve(),
  ])
  await Promise.all([...workers.values()].map((w) => w.release()))
}

/** Holds all pods together to what the node has for them. An earlier life's pods may use more: then again until they use less. */
async function limitPods(groups: Cgroups, node: NodeParts, events: EventRecorder, clock: Clock, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      groups.limitNode(roomForPods(node))
      return events.record(nodeReference(node.nodeName), 'Normal', 'NodeAllocatableEnforced', 'Updated Node Allocatable limit across pods')
    } catch (error) {
      const message = `Failed to update Node Allocatable Limits ["kubepods"]: ${(error as Error).message}`
      events.record(nodeReference(node.nodeName), 'Warning', 'FailedNodeAllocatableEnforcement', message)
      await sleep(clock, ENFORCE_MS, signal).catch(() => undefined)
    }
  }
}

async function firstVersion(runtime: Runtime, clock: Clock, log: Log, signal: AbortSignal) {
  while (!signal.aborted) {
    try {
      return await runtime.version()
    } catch (error) {
      log.warn('container runtime does not answer yet', { error: (error as Error).message })
      await sleep(clock, RELIST_MS, signal).catch(() => undefined)
    }
  }
  return { name: 'unknown', version: '' }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
}

function informerSource(informers: Informers, nodeName: string, clock: Clock): PodSource {
  const informer = informers.for(pods, { fieldSelector: `spec.nodeName=${nodeName}` })
  return {
    subscribe: (onChange) => informer.subscribe(onChange),
    async synced(signal) {
      while (!informer.synced) await sleep(clock, 50, signal)
    },
  }
}

/** Asks the runtime for all containers again and again and wakes the pods whose containers changed. */
async function relist(
  { runtime, clock, log, relistMs = RELIST_MS }: KubeletParts,
  workers: ReadonlyMap<string, PodWorker>,
  signal: AbortSignal,
): Promise<void> {
  let before = new Map<string, string>()
  while (!signal.aborted) {
    try {
      const [sandboxes, containers] = await Promise.all([runtime.listSandboxes(), runtime.listContainers()])
      const now = new Map<string, string>()
      const add = (uid: string | undefined, text: string) => uid !== undefined && now.set(uid, `${now.get(uid) ?? ''}${text};`)
      for (const s of sandboxes.toSorted((a, b) => (a.id < b.id ? -1 : 1))) add(s.labels[LABEL_POD_UID], `${s.id} ${s.state}`)
      for (const c of containers.toSorted((a, b) => (a.id < b.id ? -1 : 1))) add(c.labels[LABEL_POD_UID], `${c.id} ${c.state}`)
      for (const uid of new Set([...now.keys(), ...before.keys()])) if (now.get(uid) !== before.get(uid)) workers.get(uid)?.wake()
      before = now
    } catch (error) {
      log.debug('runtime not listed', { error: (error as Error).message })
    }
    await sleep(clock, relistMs, signal).catch(() => undefined)
  }
}

async function followEvents(runtime: Runtime, workers: ReadonlyMap<string, PodWorker>, signal: AbortSignal): Promise<void> {
  for await (const { podUid } of runtime.events!(signal)) workers.get(podUid)?.wake()
}

/** Ends pods the runtime still runs though the API knows them no more; what carries no pod label is nobody's business here. */
async function clearOrphans(
  { runtime, clock, log }: KubeletParts,
  workers: ReadonlyMap<string, PodWorker>,
  groups: Cgroups,
  volumes: PodVolumes,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const sandboxes = await runtime.listSandboxes()
      for (const s of sandboxes) {
        const uid = s.labels[LABEL_POD_UID]
        if (uid === undefined || s.labels[LABEL_POD_NAME] === undefined || s.labels[LABEL_POD_NAMESPACE] === undefined || workers.has(uid))
          continue
        log.info('pod is not known to the API any more', { pod: `${s.labels[LABEL_POD_NAMESPACE]}/${s.labels[LABEL_POD_NAME]}` })
        for (const c of await runtime.listContainers({ [LABEL_POD_UID]: uid })) {
          await runtime.stopContainer(c.id, ORPHAN_GRACE_SECONDS)
          await runtime.removeContainer(c.id)
        }
        await runtime.stopSandbox(s.id)
        await runtime.removeSandbox(s.id)
      }
      groups.removeOthers(new Set(workers.keys()))
      for (const uid of volumes.known()) if (!workers.has(uid)) await volumes.tearDown(uid)
    } catch (error) {
      log.warn('orphaned pods not cleared', { error: (error as Error).message })
    }
    await sleep(clock, ORPHANS_MS, signal).catch(() => undefined)
  }
}

const ORPHAN_GRACE_SECONDS = 2 // nobody waits for them; their own grace is not known any more

function objectReader(client: Client, clock: Clock): ObjectReader {
  const cache = new Map<string, { readonly until: number; readonly value: Promise<unknown> }>()
  function read<T extends KubeObject>(resource: Resource<T>, ref: Ref): Promise<T | undefined> {
    const key = `${resource.plural}/${ref.namespace}/${ref.name}`
    const now = clock.monotonic()
    const known = cache.get(key)
    if (known !== undefined && known.until > now) return known.value as Promise<T | undefined>
    const value = found(client.get(resource, ref))
    for (const [k, v] of cache) if (v.until <= now) cache.delete(k)
    cache.set(key, { until: now + OBJECT_MS, value })
    // what was missing or failed is asked for again at once
    value.then(
      (v) => v === undefined && cache.delete(key),
      () => cache.delete(key),
    )
    return value
  }
  return {
    configMap: (namespace, name) => read(configMaps, { namespace, name }),
    secret: (namespace, name) => read(secrets, { namespace, name }),
  }
}

function found<T>(answer: Promise<T>): Promise<T | undefined> {
  return answer.catch((error: unknown) => {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  })
}

/** Readers for `diskVolumes`. */
export function claimReaders(client: Client) {
  return {
    claim: (namespace: string, name: string) => found(client.get(persistentVolumeClaims, { namespace, name })),
    persistentVolume: (name: string) => found(client.get(persistentVolumes, { name })),
  }
}
