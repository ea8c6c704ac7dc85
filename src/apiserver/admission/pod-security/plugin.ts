/** Holds pods to the Pod Security Standards that their namespace asks for, and tells those who write workloads what their pods would violate. */

import { configuredExemptions, type PodSecurityConfiguration } from './configuration.ts'
import type { PodLike } from './check.ts'
import { detailText, violations } from './evaluate.ts'
import { isEquivalent, isPrivileged, LABEL_PREFIX, labelledPolicyText, policyOf, policyText, sameLevelVersion, stricter } from './policy.ts'
import type { LevelVersion, Policy } from './policy.ts'
import type { AdmissionPlugin, AdmissionRequest } from '../admission.ts'
import type { PodSecurityCounts } from '#apiserver/metrics/pod-security-metrics.ts'
import { refused } from '../refused.ts'
import { internalError, invalid } from '#apiserver/endpoints/errors.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { Pod, PodSpec } from '#api/core/v1/pod.ts'
import type { Clock } from '#base/clock.ts'
import type { FieldError } from '#schema/field-error.ts'

export interface PodSecurityParts {
  readonly findNamespace: (name: string) => Promise<Namespace | undefined>
  readonly listPods: (namespace: string) => readonly Pod[]
  readonly clock: Clock
  readonly configuration: PodSecurityConfiguration
  readonly counts: PodSecurityCounts
}

const NAMESPACE_PODS_MAX = 3000 // looked at when a namespace's labels change; upstream's
const NAMESPACE_PODS_MS = 1000 // and for no longer than this
const SECCOMP_CONTAINER = 'container.seccomp.security.alpha.kubernetes.io/'
/** Those that cannot change what a pod may do. */
const IGNORED_SUBRESOURCES: ReadonlySet<string> = new Set([
  'exec',
  'attach',
  'binding',
  'eviction',
  'log',
  'portforward',
  'proxy',
  'status',
])

/** Where the kinds that make pods keep what they make them of. */
const TEMPLATES: Readonly<Record<string, (object: never) => PodLike | undefined>> = {
  replicationcontrollers: ({ spec }: { spec: { template?: PodLike } }) => spec.template,
  podtemplates: ({ template }: { template: PodLike }) => template,
  'apps/replicasets': templateOf,
  'apps/deployments': templateOf,
  'apps/statefulsets': templateOf,
  'apps/daemonsets': templateOf,
  'batch/jobs': templateOf,
  'batch/cronjobs': ({ spec }: { spec: { jobTemplate: { spec: { template: PodLike } } } }) => spec.jobTemplate.spec.template,
}

function templateOf({ spec }: { spec: { template: PodLike } }): PodLike {
  return spec.template
}

export function podSecurity(parts: PodSecurityParts): AdmissionPlugin {
  const { defaults, exempt } = configuredExemptions(parts.configuration)
  /** Namespaces are shared and do not change, so what their labels say is found out once. */
  const policies = new WeakMap<Namespace, ReturnType<typeof policyOf>>()
  const policyFor = (namespace: Namespace) => {
    const known = policies.get(namespace) ?? policyOf(namespace.metadata.labels, defaults)
    policies.set(namespace, known)
    return known
  }

  return {
    name: 'PodSecurity',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      const { group, plural } = request.resource
      const key = group === '' ? plural : `${group}/${plural}`
      if (key === 'namespaces') return request.subresource === '' ? ofNamespace(request) : undefined
      if (key === 'pods') return ofPod(request)
      const template = TEMPLATES[key]
      if (template === undefined || request.subresource !== '') return
      await ofWorkload(request, template)
    },
  }

  function ofNamespace(request: AdmissionRequest): void {
    const { name, labels } = (request.object as unknown as Namespace).metadata
    const { policy, errors } = policyOf(labels, defaults)
    const refuse = () => {
      throw invalid(request.resource, name, errors)
    }
    const ignored = () => {
      if (!isPrivileged(policy) && !isEquivalent(policy, defaults))
        request.warn(
          `namespace ${JSON.stringify(name)} is exempt from Pod Security, and the policy (${labelledPolicyText(policy, labels)}) will be ignored`,
        )
    }
    if (request.operation === 'CREATE') {
      if (errors.length > 0) refuse()
      if (exempt.namespaces.has(name)) ignored()
      return
    }
    const old = policyOf((request.oldObject as unknown as Namespace).metadata.labels, defaults)
    if (errors.length > 0 && texts(errors) !== texts(old.errors)) refuse()
    const [now, before] = [policy.enforce, old.policy.enforce]
    if (sameLevelVersion(now, before) || now.level === 'privileged') return
    if (now.minor === before.minor && !stricter(now.level, before.level)) return
    if (exempt.namespaces.has(name)) return ignored()
    for (const warning of podWarnings(name, now)) request.warn(warning)
  }

  async function ofPod(request: AdmissionRequest): Promise<void> {
    const { operation, subresource, namespace, annotate } = request
    if (IGNORED_SUBRESOURCES.has(subresource)) return
    const exemption = exemptionOf(request)
    if (exemption !== undefined) return exempted(request, exemption)
    const found = await parts.findNamespace(namespace)
    if (found === undefined) parts.counts.failed(true, request)
    if (found === undefined) throw internalError(new Error(`failed to lookup namespace ${JSON.stringify(namespace)}`))
    const { policy, errors } = policyFor(found)
    if (errors.length === 0 && isPrivileged(policy)) {
      parts.counts.evaluated('allow', 'enforce', policy.enforce, request)
      return annotate?.(`${LABEL_PREFIX}enforce-policy`, policyText({ level: 'privileged', minor: undefined }))
    }
    const pod = request.object as unknown as Pod
    if (operation === 'UPDATE' && !isSignificant(pod, request.oldObject as unknown as Pod)) return
    evaluate(request, policy, errors, pod, true)
  }

  async function ofWorkload(request: AdmissionRequest, template: (object: never) => PodLike | undefined): Promise<void> {
    const exemption = exemptionOf(request)
    if (exemption !== undefined) return exempted(request, exemption)
    const found = await parts.findNamespace(request.namespace)
    if (found === undefined) parts.counts.failed(true, request)
    if (found === undefined)
      return request.annotate?.(`${LABEL_PREFIX}error`, `failed to lookup namespace ${JSON.stringify(request.namespace)}`)
    const { policy, errors } = policyFor(found)
    if (errors.length === 0 && policy.warn.level === 'privileged' && policy.audit.level === 'privileged') return
    const pod = template(request.object as never)
    if (pod?.spec !== undefined) evaluate(request, policy, errors, pod, false)
  }

  function exemptionOf({ namespace, user }: AdmissionRequest): string | undefined {
    if (exempt.namespaces.has(namespace)) return 'namespace'
    return exempt.usernames.has(user.username ?? '') ? 'user' : undefined
  }

  function exempted(request: AdmissionRequest, by: string): void {
    request.annotate?.(`${LABEL_PREFIX}exempt`, by)
    parts.counts.exempted(request)
  }

  function evaluate(request: AdmissionRequest, policy: Policy, errors: readonly FieldError[], pod: PodLike, enforce: boolean): void {
    const { annotate, warn } = request
    const { runtimeClassName } = pod.spec
    if (runtimeClassName && exempt.runtimeClasses.has(runtimeClassName)) return exempted(request, 'runtimeClass')
    if (errors.length > 0) {
      annotate?.(`${LABEL_PREFIX}error`, `Failed to parse policy: ${texts(errors)}`)
      parts.counts.failed(false, request)
    }
    if (enforce) annotate?.(`${LABEL_PREFIX}enforce-policy`, policyText(policy.enforce))
    const enforced = enforce ? violations(policy.enforce, pod) : []
    if (enforce) parts.counts.evaluated(enforced.length > 0 ? 'deny' : 'allow', 'enforce', policy.enforce, request)
    const audited = enforce && sameLevelVersion(policy.audit, policy.enforce) ? enforced : violations(policy.audit, pod)
    if (audited.length > 0) {
      annotate?.(`${LABEL_PREFIX}audit-violations`, `would violate ${violationText(policy.audit, audited)}`)
      parts.counts.evaluated('deny', 'audit', policy.audit, request)
    }
    // a refusal says it all
    if (enforced.length > 0) throw refused(request, `violates ${violationText(policy.enforce, enforced)}`)
    const warned = sameLevelVersion(policy.warn, policy.audit) ? audited : violations(policy.warn, pod)
    if (warned.length === 0) return
    warn(`would violate ${violationText(policy.warn, warned)}`)
    parts.counts.evaluated('deny', 'warn', policy.warn, request)
  }

  /** What those who tighten a namespace should know of the pods that are there. */
  function podWarnings(namespace: string, enforce: LevelVersion): readonly string[] {
    const pods = prioritized(parts.listPods(namespace).filter(({ spec }) => !exempt.runtimeClasses.has(spec.runtimeClassName ?? '')))
    const until = parts.clock.monotonic() + NAMESPACE_PODS_MS
    const byReason = new Map<string, { first: string; count: number }>()
    let checked = 0
    for (const pod of pods.slice(0, NAMESPACE_PODS_MAX)) {
      checked++
      const found = violations(enforce, pod)
      if (found.length > 0) {
        const reason = found.map((v) => v.reason).join(', ')
        const { first, count } = byReason.get(reason) ?? { first: pod.metadata.name, count: 0 }
        byReason.set(reason, { first: pod.metadata.name < first ? pod.metadata.name : first, count: count + 1 })
      }
      if (parts.clock.monotonic() > until) break
    }
    const lines = [...byReason].map(([reason, { first, count }]) => {
      const others = count === 1 ? '' : ` (and ${count - 1} other ${count === 2 ? 'pod' : 'pods'})`
      return `${first}${others}: ${reason}`
    })
    return [
      ...(checked < pods.length
        ? [`new PodSecurity enforce level only checked against the first ${checked} of ${pods.length} existing pods`]
        : []),
      ...(lines.length > 0
        ? [
            `existing pods in namespace ${JSON.stringify(namespace)} violate the new PodSecurity enforce level ${JSON.stringify(policyText(enforce))}`,
          ]
        : []),
      ...lines.toSorted(),
    ]
  }
}

function violationText(asked: LevelVersion, found: Parameters<typeof detailText>[0]): string {
  return `PodSecurity ${JSON.stringify(policyText(asked))}: ${detailText(found)}`
}

/** One pod of each controller before the others, which are likely the same. */
function prioritized(pods: readonly Pod[]): readonly Pod[] {
  const seen = new Set<string>()
  const isFirst = ({ metadata }: Pod) => {
    const uid = metadata.ownerReferences?.find((r) => r.controller === true)?.uid
    if (uid === undefined) return true
    const first = !seen.has(uid)
    seen.add(uid)
    return first
  }
  const split = pods.map((pod) => [pod, isFirst(pod)] as const)
  return [...split.filter(([, first]) => first), ...split.filter(([, first]) => !first)].map(([pod]) => pod)
}

/** Of what may change in a pod, only images and added debug containers can violate anything new. */
function isSignificant(pod: Pod, old: Pod): boolean {
  const changed = (container: Container, before: Container | undefined) => {
    const seccomp = `${SECCOMP_CONTAINER}${container.name}`
    return container.image !== before?.image || pod.metadata.annotations?.[seccomp] !== old.metadata.annotations?.[seccomp]
  }
  const listChanged = (field: 'containers' | 'initContainers') => {
    const [now, before] = [pod.spec[field] ?? [], old.spec[field] ?? []]
    return now.length !== before.length || now.some((container, index) => changed(container, before[index]))
  }
  const debug = ({ spec }: { spec: PodSpec }) => (spec.ephemeralContainers ?? []) as unknown as readonly Container[]
  return (
    listChanged('containers') ||
    listChanged('initContainers') ||
    debug(pod).some((container) => {
      const before = debug(old).find((c) => c.name === container.name)
      return before === undefined || changed(container, before)
    })
  )
}

function texts(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map((e) => e.message))]
  return lines.length === 1 ? lines[0]! : `[${lines.join(', ')}]`
}
