/** What one RBAC rule allows, and whether rules cover others. */

import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'

export function ruleAllows(rule: PolicyRule, info: RequestInfo): boolean {
  if (!matches(rule.verbs, info.verb)) return false
  if (!info.isResourceRequest) return (rule.nonResourceURLs ?? []).some((url) => coversUrl(url, info.path))
  return (
    matches(rule.apiGroups, info.group) &&
    (rule.resources ?? []).some((r) => coversResource(r, info.resource, info.subresource)) &&
    (!rule.resourceNames?.length || rule.resourceNames.includes(info.name))
  )
}

function matches(list: readonly string[] | undefined, value: string): boolean {
  return list !== undefined && (list.includes(value) || list.includes('*'))
}

/** `*` is every resource and subresource, `*`/scale the scale of each. */
function coversResource(rule: string, resource: string, subresource: string): boolean {
  if (rule === '*') return true
  return subresource === '' ? rule === resource : rule === `${resource}/${subresource}` || rule === `*/${subresource}`
}

function coversUrl(rule: string, path: string): boolean {
  return rule === '*' || rule === path || (rule.endsWith('*') && path.startsWith(rule.slice(0, -1)))
}

/** The parts of `wanted`, one verb and resource each, that no rule of `held` covers. */
export function notCovered(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): readonly PolicyRule[] {
  return wanted.flatMap(singleParts).filter((part) => !held.some((rule) => covers(rule, part)))
}

function covers(rule: PolicyRule, part: PolicyRule): boolean {
  if (!matches(rule.verbs, part.verbs[0]!)) return false
  const url = part.nonResourceURLs?.[0]
  if (url !== undefined) return (rule.nonResourceURLs ?? []).some((held) => coversUrl(held, url))
  const [resource = '', ...sub] = part.resources![0]!.split('/')
  const name = part.resourceNames?.[0]
  return (
    matches(rule.apiGroups, part.apiGroups![0]!) &&
    (rule.resources ?? []).some((r) => coversResource(r, resource, sub.join('/'))) &&
    (!rule.resourceNames?.length || (name !== undefined && rule.resourceNames.includes(name)))
  )
}

function singleParts(rule: PolicyRule): readonly PolicyRule[] {
  return rule.verbs.flatMap((verb) => [
    ...(rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((resource): PolicyRule[] => {
        const part = { verbs: [verb], apiGroups: [group], resources: [resource] }
        return rule.resourceNames?.length ? rule.resourceNames.map((name) => ({ ...part, resourceNames: [name] })) : [part]
      }),
    ),
    ...(rule.nonResourceURLs ?? []).map((url) => ({ verbs: [verb], nonResourceURLs: [url] })),
  ])
}

/** One line for a rule, as refusals show it. */
export function ruleText(rule: PolicyRule): string {
  const part = (name: string, list: readonly string[] | undefined) =>
    list?.length ? [`${name}:[${list.map((v) => JSON.stringify(v)).join(' ')}]`] : []
  return `{${[
    ...part('APIGroups', rule.apiGroups),
    ...part('Resources', rule.resources),
    ...part('NonResourceURLs', rule.nonResourceURLs),
    ...part('ResourceNames', rule.resourceNames),
    ...part('Verbs', rule.verbs),
  ].join(', ')}}`
}

/** Joins rules that differ only in their verbs, so that a refusal names each resource once. */
export function compactRules(rules: readonly PolicyRule[]): readonly PolicyRule[] {
  const byRest = new Map<string, PolicyRule>()
  for (const rule of rules) {
    const { verbs, ...rest } = rule
    const key = JSON.stringify(rest)
    const known = byRest.get(key)
    byRest.set(key, { ...rest, verbs: known ? [...known.verbs, ...verbs.filter((v) => !known.verbs.includes(v))] : verbs })
  }
  return [...byRest.values()]
}
