/** A small operator: for every ConfigMap labelled `example.com/website: "true"` it keeps a Deployment that serves it. */

import { deployments, type Deployment } from '#api/apps/v1/deployment.ts'
import { configMaps, type ConfigMap } from '#api/core/v1/config-map.ts'
import { isReason } from '#client/client.ts'
import { keyOf, type Key } from '#client/informer.ts'
import { WorkQueue } from '#client/work-queue.ts'
import type { Draft } from '#schema/resource.ts'
import type { LoopParts } from '#testing/cluster.ts'

const WEBSITE = 'example.com/website'

export async function runWebsiteOperator({ client, informers, clock, log }: LoopParts, signal: AbortSignal): Promise<void> {
  const websites = informers.for(configMaps, { labelSelector: `${WEBSITE}=true` })
  const servers = informers.for(deployments)
  const queue = new WorkQueue<Key>(clock)
  websites.subscribe(({ object }) => queue.add(keyOf(object)))
  servers.subscribe(({ object }) => queue.add(keyOf(object))) // a Deployment has its website's name
  informers.start(signal)
  await informers.synced(signal)
  signal.addEventListener('abort', () => queue.close(), { once: true })

  for (let key = await queue.take(); key !== undefined; key = await queue.take()) {
    try {
      await reconcile(key)
      queue.forget(key)
    } catch (error) {
      if (!isReason(error, 'Conflict') && !isReason(error, 'AlreadyExists')) log.warn('website not served', { key, error: String(error) })
      queue.addRateLimited(key)
    }
    queue.done(key)
  }

  async function reconcile(key: Key): Promise<void> {
    const website = websites.get(key)
    if (website === undefined) return // its Deployment goes with it: the garbage collector sees to that
    const current = servers.get(key)
    const replicas = Number(website.data?.['replicas'] ?? 1)
    if (current === undefined) await client.create(deployments, serverOf(website, replicas))
    else if (current.spec.replicas !== replicas) await client.update(deployments, { ...current, spec: { ...current.spec, replicas } })
  }
}

function serverOf({ metadata: { name, namespace, uid } }: ConfigMap, replicas: number): Draft<Deployment> {
  const labels = { website: name }
  return {
    metadata: {
      name,
      namespace: namespace!,
      ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name, uid, controller: true }],
    },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{ name: 'server', image: 'nginx:1.29', volumeMounts: [{ name: 'pages', mountPath: '/usr/share/nginx/html' }] }],
          volumes: [{ name: 'pages', configMap: { name } }],
        },
      },
    },
  }
}
