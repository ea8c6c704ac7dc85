/** The cluster as the scheduler sees it: nodes with their pods, counting pods it has placed but not yet seen bound. */

import type { Node } from '#api/core/v1/node.ts'
import { NodeInfo } from './node-info.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { NamespaceLabels, PodInfo } from './pod-info.ts'
import type { LabelMatcher } from './selectors.ts'

export type Siblings = (pod: Pod) => LabelMatcher | undefined

/**
 * Kept up to date as changes arrive rather than copied for each pod: a scheduling cycle runs without interruption, so it
 * sees one state throughout.
 */
export class Snapshot {
  /** Nodes that exist, in no particular order. */
  readonly nodes: NodeInfo[] = []
  readonly #byName = new Map<string, NodeInfo>()
  readonly #place = new Map<string, number>() // a node's index in `nodes`, so that removal need not search
  readonly #nodeOfPod = new Map<string, NodeInfo>()
  readonly #imageNodes = new Map<string, number>()
  /** Nodes on which some pod has a term of that sort. */
  readonly withAffinity = new Set<NodeInfo>()
  readonly withRequiredAntiAffinity = new Set<NodeInfo>()
  readonly namespaceLabels: NamespaceLabels
  /** Pods waiting for their victims to go, by the node they were promised. */
  readonly nominated = new Map<string, Map<string, PodInfo>>()

  /** Which pods a pod is spread with when it says nothing itself. */
  readonly siblings: Siblings

  constructor(namespaceLabels: NamespaceLabels = () => undefined, siblings: Siblings = () => undefined) {
    this.namespaceLabels = namespaceLabels
    this.siblings = siblings
  }

  /** The node, if it exists. */
  get(name: string): NodeInfo | undefined {
    const info = this.#byName.get(name)
    return info?.present ? info : undefined
  }

  /** The node that holds the pod, assumed or seen. */
  nodeOf(uid: string): NodeInfo | undefined {
    return this.#nodeOfPod.get(uid)
  }

  /** On how many nodes an image of this name lies. */
  nodesWithImage(name: string): number {
    return this.#imageNodes.get(name) ?? 0
  }

  setNode(node: Node): NodeInfo {
    const info = this.#info(node.metadata.name)
    for (const name of info.images.keys()) this.#countImage(name, -1)
    if (!info.present) {
      this.#place.set(info.name, this.nodes.length)
      this.nodes.push(info)
    }
    info.setNode(node)
    for (const name of info.images.keys()) this.#countImage(name, 1)
    return info
  }

  removeNode(name: string): void {
    const info = this.#byName.get(name)
    if (!info?.present) return
    for (const image of info.images.keys()) this.#countImage(image, -1)
    info.images = new Map()
    info.present = false
    const at = this.#place.get(name)!
    const last = this.nodes.pop()!
    if (last !== info) {
      this.nodes[at] = last
      this.#place.set(last.name, at)
    }
    this.#place.delete(name)
    if (info.pods.size === 0) this.#byName.delete(name)
  }

  /** Puts the pod on the node, taking it from where it was. */
  setPod(pod: PodInfo, nodeName: string): void {
    this.removePod(pod.uid)
    const info = this.#info(nodeName)
    info.add(pod)
    this.#nodeOfPod.set(pod.uid, info)
    this.#index(info)
  }

  removePod(uid: string): PodInfo | undefined {
    const info = this.#nodeOfPod.get(uid)
    if (info === undefined) return undefined
    this.#nodeOfPod.delete(uid)
    const pod = info.remove(uid)
    this.#index(info)
    if (!info.present && info.pods.size === 0) this.#byName.delete(info.name)
    return pod
  }

  nominate(pod: PodInfo, nodeName: string | undefined): void {
    for (const [name, pods] of this.nominated) if (pods.delete(pod.uid) && pods.size === 0) this.nominated.delete(name)
    if (nodeName === undefined || nodeName === '') return
    const pods = this.nominated.get(nodeName) ?? new Map<string, PodInfo>()
    pods.set(pod.uid, pod)
    this.nominated.set(nodeName, pods)
  }

  #info(name: string): NodeInfo {
    let info = this.#byName.get(name)
    if (info === undefined) this.#byName.set(name, (info = new NodeInfo(name)))
    return info
  }

  #index(info: NodeInfo): void {
    if (info.podsWithAffinity.size > 0) this.withAffinity.add(info)
    else this.withAffinity.delete(info)
    if (info.podsWithRequiredAntiAffinity.size > 0) this.withRequiredAntiAffinity.add(info)
    else this.withRequiredAntiAffinity.delete(info)
  }

  #countImage(name: string, by: 1 | -1): void {
    const count = (this.#imageNodes.get(name) ?? 0) + by
    if (count > 0) this.#imageNodes.set(name, count)
    else this.#imageNodes.delete(name)
  }
}
