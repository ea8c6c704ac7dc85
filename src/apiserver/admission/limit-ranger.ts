/** Gives containers the resources their namespace's limit ranges have for those that ask for none, and holds pods and claims to the limits. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import type { NamespaceLookup } from './namespace-lookup.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { LimitRange, LimitRangeItem } from '#api/core/v1/limit-range.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { Pod, PodSpec } from '#api/core/v1/pod.ts'
import { addQuantities, compareQuantity, milliValue } from '#schema/quantity.ts'
import type { KubeObject } from '#schema/resource.ts'

type Amounts = Readonly<Record<string, string>>

const ANNOTATION = 'kubernetes.io/limit-ranger'
const POD_LEVEL = /^(cpu|memory|hugepages-.+)$/

export function limitRanger(parts: { readonly list: NamespaceLookup<LimitRange> }): AdmissionPlugin {
  return {
    name: 'LimitRanger',
    operations: ['CREATE', 'UPDATE'],
    async admit(request) {
      if (kindOf(request) !== 'pods') return undefined
      const ranges = await parts.list(request.namespace)
      const pod = request.object as unknown as Pod
      const next = ranges.reduce(withDefaults, pod)
      return next === pod ? undefined : (next as unknown as KubeObject)
    },
    async validate(request) {
      const kind = kindOf(request)
      if (kind === undefined || request.object?.metadata.deletionTimestamp !== undefined) return
      for (const { spec } of await parts.list(request.namespace)) {
        const problems = (spec.limits ?? []).flatMap((item) =>
          kind === 'pods'
            ? podProblems(request.object as unknown as Pod, item)
            : claimProblems(request.object as unknown as PersistentVolumeClaim, item),
        )
        if (problems.length === 0) continue
        const { name, generateName } = request.object!.metadata
        throw forbidden(request.resource, name || generateName || 'Unknown', aggregate(problems))
      }
    },
  }
}

/** What it looks at: new pods, those that are resized, and claims. Other changes of a pod leave its containers' resources alone. */
function kindOf({ operation, resource, subresource }: AdmissionRequest): 'pods' | 'persistentvolumeclaims' | undefined {
  if (resource.group !== '') return undefined
  if (resource.plural === 'persistentvolumeclaims') return subresource === '' ? 'persistentvolumeclaims' : undefined
  const looked = operation === 'CREATE' ? subresource === '' : subresource === 'resize'
  return resource.plural === 'pods' && looked ? 'pods' : undefined
}

/** Several problems as one text. */
function aggregate(problems: readonly string[]): string {
  const different = [...new Set(problems)]
  return different.length === 1 ? different[0]! : `[${different.join(', ')}]`
}

function withDefaults(pod: Pod, { spec }: LimitRange): Pod {
  const items = (spec.limits ?? []).filter((item) => item.type === 'Container')
  const limits: Amounts = Object.assign({}, ...items.map((item) => item.default))
  const requests: Amounts = Object.assign({}, ...items.map((item) => item.defaultRequest))
  const notes: string[] = []
  const fill = (kind: string) => (container: Container) => {
    const { resources = {}, name } = container
    const missing = (wanted: Amounts, have: Amounts = {}) => Object.keys(wanted).filter((key) => have[key] === undefined)
    const addedRequests = missing(requests, resources.requests)
    const addedLimits = missing(limits, resources.limits)
    if (addedRequests.length > 0) notes.push(`${addedRequests.toSorted().join(', ')} request for ${kind} ${name}`)
    if (addedLimits.length > 0) notes.push(`${addedLimits.toSorted().join(', ')} limit for ${kind} ${name}`)
    if (addedRequests.length + addedLimits.length === 0) return container
    return {
      ...container,
      resources: {
        ...resources,
        ...(addedLimits.length > 0 && { limits: { ...limits, ...resources.limits } }),
        ...(addedRequests.length > 0 && { requests: { ...requests, ...resources.requests } }),
      },
    }
  }
  const containers = pod.spec.containers?.map(fill('container'))
  const initContainers = pod.spec.initContainers?.map(fill('init container'))
  if (notes.length === 0) return pod
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}` },
    },
    spec: { ...pod.spec, containers, ...(initContainers && { initContainers }) },
  }
}

function podProblems({ spec }: Pod, item: LimitRangeItem): string[] {
  if (item.type === 'Container')
    return [...(spec.containers ?? []), ...(spec.initContainers ?? [])].flatMap(({ resources }) =>
      problemsOf(item, resources?.requests ?? {}, resources?.limits ?? {}),
    )
  return item.type === 'Pod' ? problemsOf(item, podAmounts(spec, 'requests'), podAmounts(spec, 'limits')) : []
}

/** What a pod takes at most at any time: its containers together, or an init container with the sidecars before it; or what it says itself. */
function podAmounts(spec: PodSpec, member: 'requests' | 'limits'): Amounts {
  let sidecars: Amounts = {}
  let starting: Amounts = {}
  for (const container of spec.initContainers ?? []) {
    const own = container.resources?.[member] ?? {}
    if (container.restartPolicy === 'Always') {
      sidecars = sum(sidecars, own)
      starting = most(starting, sidecars)
    } else starting = most(starting, sum(own, sidecars))
  }
  const running = (spec.containers ?? []).map((c) => c.resources?.[member] ?? {}).reduce(sum, sidecars)
  const whole = Object.entries(spec.resources?.[member] ?? {}).filter(([name]) => POD_LEVEL.test(name))
  return { ...most(running, starting), ...Object.fromEntries(whole) }
}

function sum(a: Amounts, b: Amounts): Amounts {
  const added = Object.entries(b).map(([name, amount]) => [name, a[name] === undefined ? amount : addQuantities(a[name], amount)])
  return { ...a, ...Object.fromEntries(added) }
}

function most(a: Amounts, b: Amounts): Amounts {
  const larger = Object.entries(b).filter(([name, amount]) => a[name] === undefined || compareQuantity(amount, a[name]) > 0)
  return { ...a, ...Object.fromEntries(larger) }
}

function problemsOf({ type, min = {}, max = {}, maxLimitRequestRatio: ratios = {} }: LimitRangeItem, requests: Amounts, limits: Amounts) {
  return [
    ...Object.entries(min).map(([name, least]) => leastProblem(type, name, least, requests[name], limits[name])),
    ...Object.entries(max).map(([name, bound]) => mostProblem(type, name, bound, requests[name], limits[name])),
    ...Object.entries(ratios).map(([name, ratio]) => ratioProblem(type, name, ratio, requests[name], limits[name])),
  ].filter((problem) => problem !== undefined)
}

function leastProblem(type: string, name: string, least: string, request?: string, limit?: string): string | undefined {
  const what = `minimum ${name} usage per ${type} is ${least}`
  if (request === undefined) return `${what}.  No request is specified`
  if (compareQuantity(request, least) < 0) return `${what}, but request is ${request}`
  return limit !== undefined && compareQuantity(limit, least) < 0 ? `${what}, but limit is ${limit}` : undefined
}

function mostProblem(type: string, name: string, bound: string, request?: string, limit?: string): string | undefined {
  const what = `maximum ${name} usage per ${type} is ${bound}`
  if (limit === undefined) return `${what}.  No limit is specified`
  if (compareQuantity(limit, bound) > 0) return `${what}, but limit is ${limit}`
  return request !== undefined && compareQuantity(request, bound) > 0 ? `${what}, but request is ${request}` : undefined
}

function ratioProblem(type: string, name: string, ratio: string, request?: string, limit?: string): string | undefined {
  const what = `${name} max limit to request ratio per ${type} is ${ratio}`
  if (request === undefined || milliValue(request) === 0) return `${what}, but no request is specified or request is 0`
  if (limit === undefined || milliValue(limit) === 0) return `${what}, but no limit is specified or limit is 0`
  const observed = milliValue(limit) / milliValue(request)
  return observed * 1000 > milliValue(ratio) ? `${what}, but provided ratio is ${observed.toFixed(6)}` : undefined
}

/** Of claims only what they request counts. */
function claimProblems({ spec }: PersistentVolumeClaim, { type, min = {}, max = {} }: LimitRangeItem): string[] {
  if (type !== 'PersistentVolumeClaim') return []
  const requests = spec.resources?.requests ?? {}
  return [
    ...Object.entries(min).map(([name, least]) => leastProblem(type, name, least, requests[name])),
    ...Object.entries(max).map(([name, bound]) => {
      const what = `maximum ${name} usage per ${type} is ${bound}`
      const request = requests[name]
      if (request === undefined) return `${what}.  No request is specified`
      return compareQuantity(request, bound) > 0 ? `${what}, but request is ${request}` : undefined
    }),
  ].filter((problem) => problem !== undefined)
}
