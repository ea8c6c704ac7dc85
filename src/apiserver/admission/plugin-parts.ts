/** What plugins are made of: objects as of now or as they are cached, a clock, and what an operator configured. */

import type { FindKind } from './policy/policy-params.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import type { RuleResolver } from '#apiserver/authorization/rbac.ts'
import type { Endpoint } from '#apiserver/endpoints/resource-endpoint.ts'
import type { WebhookClient } from '#apiserver/webhook/webhook-client.ts'
import type { HookMetrics } from '#apiserver/webhook/webhook-metrics.ts'
import type { ApiMetrics } from '#apiserver/endpoints/metrics.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { groupResource, type KubeObject, type Resource } from '#schema/resource.ts'

/** Reads without leaving the process; what is cached may be a moment old. */
export interface ObjectReader {
  /** As of now where it seems to be absent: it may have been made a moment ago. */
  find<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): Promise<T | undefined>
  /** All as of now. */
  list<T extends KubeObject>(resource: Resource<T>, namespace?: string): Promise<readonly T[]>
  cached<T extends KubeObject>(resource: Resource<T>, namespace: string, name: string): T | undefined
  cachedList<T extends KubeObject>(resource: Resource<T>, namespace?: string): readonly T[]
}

export interface PluginParts {
  readonly objects: ObjectReader
  /** By plural, or plural.group; the first version of what is served in several. */
  readonly named: (name: string) => Endpoint
  /** Objects of a kind, served by this server itself or by a definition; undefined where there is no such kind. */
  readonly findKind: FindKind
  /** All that is served, in every version, custom resources included. */
  readonly resources: () => readonly Resource[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics: Pick<ApiMetrics, 'podSecurity' | 'policies'>
  readonly authorizer: Authorizer
  /** Absent: roles are not compared with what their writer holds. */
  readonly resolver: RuleResolver | undefined
  readonly webhooks: WebhookClient
  readonly hookMetrics: HookMetrics
}

export function objectReader(named: (name: string) => Endpoint): ObjectReader {
  const registryOf = (resource: Resource<never>) => named(groupResource(resource)).registry
  const cached: ObjectReader['cached'] = (resource, namespace, name) =>
    registryOf(resource as unknown as Resource<never>).find(namespace, name)?.object as never
  const cachedList: ObjectReader['cachedList'] = (resource, namespace = '') => {
    const { cache, prefix } = registryOf(resource as unknown as Resource<never>)
    return cache.list(namespace === '' ? prefix : `${prefix}${namespace}/`).items.map((item) => item.object) as never
  }
  return {
    cached,
    cachedList,
    async find(resource, namespace, name) {
      const found = cached(resource, namespace, name)
      if (found !== undefined) return found
      await registryOf(resource as unknown as Resource<never>).fresh()
      return cached(resource, namespace, name)
    },
    async list(resource, namespace) {
      await registryOf(resource as unknown as Resource<never>).fresh()
      return cachedList(resource, namespace)
    },
  }
}
