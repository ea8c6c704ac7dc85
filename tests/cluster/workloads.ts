/** Small objects for the cluster tests. */

import type { Deployment } from '#api/apps/v1/deployment.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { Draft } from '#schema/resource.ts'
import type { TestCluster } from '#testing/cluster.ts'

export interface PodWishes {
  readonly annotations?: Readonly<Record<string, string>>
  readonly requests?: Readonly<Record<string, string>>
  readonly image?: string
  readonly spec?: Draft<Pod>['spec']
}

function template({ annotations, requests, image = 'registry.example/app:1', spec }: PodWishes) {
  return {
    ...(annotations && { annotations }),
    spec: { containers: [{ name: 'main', image, ...(requests && { resources: { requests } }) }], ...spec },
  }
}

export function pod(name: string, wishes: PodWishes = {}): Draft<Pod> {
  const { annotations, spec } = template(wishes)
  return { metadata: { name, namespace: 'default', ...(annotations && { annotations }) }, spec }
}

export function deployment(
  name: string,
  replicas: number,
  wishes: PodWishes & { readonly namespace?: string; readonly strategy?: Deployment['spec']['strategy'] } = {},
): Draft<Deployment> {
  const { annotations, spec } = template(wishes)
  const labels = { app: name }
  return {
    metadata: { name, namespace: wishes.namespace ?? 'default' },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: { metadata: { labels, ...(annotations && { annotations }) }, spec },
      ...(wishes.strategy && { strategy: wishes.strategy }),
    },
  }
}

export function podsOf(cluster: TestCluster, app: string, namespace = 'default'): readonly Pod[] {
  return cluster
    .lister(pods)
    .list(namespace)
    .filter((p) => p.metadata.labels?.['app'] === app)
}

export function isReady(p: Pod): boolean {
  return p.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true
}
