/** A node with the sums over its pods that filters and scores compare against. */

import type { Node } from '#api/core/v1/node.ts'
import { milli, whole } from './amounts.ts'
import type { HostPort, PodInfo } from './pod-info.ts'

/**
 * Kept up to date in place by the `Snapshot` only; everyone else reads. `clone` gives a copy to try things out on.
 */
export class NodeInfo {
  readonly name: string
  /** Undefined while only its pods are known: they may be seen before it, and outlive it. */
  declare node: Node
  present = false
  unschedulable = false
  milliCpu = 0
  memory = 0
  ephemeralStorage = 0
  podsMax = 0
  scalars: ReadonlyMap<string, number> = new Map()
  requestedMilliCpu = 0
  requestedMemory = 0
  requestedEphemeralStorage = 0
  requestedScalars = new Map<string, number>()
  nonZeroMilliCpu = 0
  nonZeroMemory = 0
  /** By uid. */
  pods = new Map<string, PodInfo>()
  podsWithAffinity = new Set<PodInfo>()
  podsWithRequiredAntiAffinity = new Set<PodInfo>()
  readonly #ports = new Map<string, number>()
  /** Bytes of each image on the node, by every name it has. */
  images: ReadonlyMap<string, number> = new Map()
  /** Taints that keep pods away, and those that only discourage. */
  hardTaints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[] = []
  softTaints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[] = []

  constructor(name: string) {
    this.name = name
  }

  setNode(node: Node): void {
    this.node = node
    this.present = true
    this.unschedulable = node.spec.unschedulable === true
    const allocatable = node.status?.allocatable ?? {}
    this.milliCpu = milli(allocatable['cpu'] ?? '0')
    this.memory = whole(allocatable['memory'] ?? '0')
    this.ephemeralStorage = whole(allocatable['ephemeral-storage'] ?? '0')
    this.podsMax = whole(allocatable['pods'] ?? '0')
    const scalars = new Map<string, number>()
    for (const name in allocatable)
      if (name !== 'cpu' && name !== 'memory' && name !== 'ephemeral-storage' && name !== 'pods')
        scalars.set(name, whole(allocatable[name]!))
    this.scalars = scalars
    const images = new Map<string, number>()
    for (const image of node.status?.images ?? []) for (const name of image.names ?? []) images.set(name, image.sizeBytes ?? 0)
    this.images = images
    this.hardTaints = node.spec.taints?.filter((t) => t.effect !== 'PreferNoSchedule') ?? []
    this.softTaints = node.spec.taints?.filter((t) => t.effect === 'PreferNoSchedule') ?? []
  }

  add(pod: PodInfo): void {
    this.pods.set(pod.uid, pod)
    this.#count(pod, 1)
    if (hasAffinity(pod)) this.podsWithAffinity.add(pod)
    if (pod.requiredAntiAffinity.length > 0) this.podsWithRequiredAntiAffinity.add(pod)
  }

  remove(uid: string): PodInfo | undefined {
    const pod = this.pods.get(uid)
    if (pod === undefined) return undefined
    this.pods.delete(uid)
    this.#count(pod, -1)
    this.podsWithAffinity.delete(pod)
    this.podsWithRequiredAntiAffinity.delete(pod)
    return pod
  }

  /** Whether a pod that wants this host port cannot share the node: same protocol and port, addresses that overlap. */
  portTaken(wanted: HostPort): boolean {
    const end = `/${wanted.protocol}/${wanted.port}`
    if (this.#ports.size === 0) return false
    if (wanted.ip !== ANY_ADDRESS) return this.#ports.has(wanted.ip + end) || this.#ports.has(ANY_ADDRESS + end)
    for (const taken of this.#ports.keys()) if (taken.endsWith(end)) return true
    return false
  }

  clone(): NodeInfo {
    const copy = new NodeInfo(this.name)
    if (this.present) copy.setNode(this.node)
    for (const pod of this.pods.values()) copy.add(pod)
    return copy
  }

  #count(pod: PodInfo, sign: 1 | -1): void {
    const r = pod.requests
    this.requestedMilliCpu += sign * r.milliCpu
    this.requestedMemory += sign * r.memory
    this.requestedEphemeralStorage += sign * r.ephemeralStorage
    this.nonZeroMilliCpu += sign * pod.nonZeroMilliCpu
    this.nonZeroMemory += sign * pod.nonZeroMemory
    for (const [name, amount] of r.scalars) this.requestedScalars.set(name, (this.requestedScalars.get(name) ?? 0) + sign * amount)
    for (const p of pod.hostPorts) {
      const text = `${p.ip}/${p.protocol}/${p.port}`
      const users = (this.#ports.get(text) ?? 0) + sign
      if (users > 0) this.#ports.set(text, users)
      else this.#ports.delete(text)
    }
  }
}

const ANY_ADDRESS = '0.0.0.0'

function hasAffinity(pod: PodInfo): boolean {
  return (
    pod.requiredAffinity.length > 0 ||
    pod.requiredAntiAffinity.length > 0 ||
    pod.preferredAffinity.length > 0 ||
    pod.preferredAntiAffinity.length > 0
  )
}
