/** Writes down everything that happens in a cluster, to compare runs or to see what led to a failure. */

import type { KubeObject } from '#schema/resource.ts'
import type { TestCluster } from './cluster.ts'

export interface HistoryEntry {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'
  /** `deployments.apps`. */
  readonly resource: string
  readonly object: KubeObject
}

export interface History {
  /** Oldest first; what was there when recording started comes first, as ADDED. */
  readonly entries: readonly HistoryEntry[]
}

/** Records the watch events of every resource, until the cluster stops. Let time pass before the first write to get it whole. */
export function recordHistory(cluster: TestCluster): History {
  const entries: HistoryEntry[] = []
  const never = new AbortController().signal
  for (const resource of cluster.resources) {
    // Both groups of Events show the same objects.
    if (!resource.verbs.includes('watch') || resource.group === 'events.k8s.io') continue
    const name = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
    const follow = async () => {
      for await (const { type, object } of cluster.client.watch(resource, { resourceVersion: '0', signal: never }))
        if (type !== 'BOOKMARK') entries.push({ type, resource: name, object })
    }
    follow().catch(() => {}) // the cluster stops
  }
  return { entries }
}
