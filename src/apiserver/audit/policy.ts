/** Audit policies (audit.k8s.io/v1): how much of which request is logged. The first rule that matches decides, as upstream's auditing page has it. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import { parseYaml } from '#schema/yaml.ts'

const LEVELS = ['None', 'Metadata', 'Request', 'RequestResponse'] as const
export const STAGES = ['RequestReceived', 'ResponseStarted', 'ResponseComplete', 'Panic'] as const

export type AuditLevel = (typeof LEVELS)[number]
export type AuditStage = (typeof STAGES)[number]

interface GroupResources {
  readonly group: string
  readonly resources: readonly string[]
  readonly resourceNames: readonly string[]
}

/** Every list that is empty matches everything; `namespaces` and `resources` only requests for resources. */
interface PolicyRule {
  readonly level: AuditLevel
  readonly users: readonly string[]
  readonly userGroups: readonly string[]
  readonly verbs: readonly string[]
  readonly resources: readonly GroupResources[]
  readonly namespaces: readonly string[]
  readonly nonResourceURLs: readonly string[]
  readonly omitStages: readonly AuditStage[]
  readonly omitManagedFields: boolean
}

export type AuditPolicy = readonly PolicyRule[]

/** What is logged of one request. */
export interface AuditDecision {
  readonly level: AuditLevel
  readonly omitStages: readonly AuditStage[]
  readonly omitManagedFields: boolean
}

/** The policy cannot be used; the message names every field that is wrong. */
export class AuditPolicyError extends Error {
  override readonly name = 'AuditPolicyError'
}

const NOTHING: AuditDecision = { level: 'None', omitStages: [], omitManagedFields: false }

/** `level` compared: whether `decided` logs as much as `wanted`. */
export function reaches(decided: AuditLevel, wanted: AuditLevel): boolean {
  return LEVELS.indexOf(decided) >= LEVELS.indexOf(wanted)
}

export function decideAudit(policy: AuditPolicy, user: UserInfo, info: RequestInfo): AuditDecision {
  return policy.find((rule) => matches(rule, user, info)) ?? NOTHING
}

function matches(rule: PolicyRule, user: UserInfo, info: RequestInfo): boolean {
  if (rule.users.length > 0 && !rule.users.includes(user.username ?? '')) return false
  if (rule.userGroups.length > 0 && !(user.groups ?? []).some((group) => rule.userGroups.includes(group))) return false
  if (rule.verbs.length > 0 && !rule.verbs.includes(info.verb) && !rule.verbs.includes('*')) return false
  if (rule.namespaces.length > 0 || rule.resources.length > 0) return info.isResourceRequest && matchesResource(rule, info)
  if (rule.nonResourceURLs.length > 0) return !info.isResourceRequest && rule.nonResourceURLs.some((url) => matchesPath(url, info.path))
  return true
}

function matchesResource({ namespaces, resources }: PolicyRule, info: RequestInfo): boolean {
  if (namespaces.length > 0 && !namespaces.includes(info.namespace)) return false
  if (resources.length === 0) return true
  const whole = info.subresource === '' ? info.resource : `${info.resource}/${info.subresource}`
  return resources.some(
    (of) =>
      of.group === info.group &&
      (of.resources.length === 0 ||
        of.resources.some(
          (name) =>
            (of.resourceNames.length === 0 || of.resourceNames.includes(info.name)) &&
            (name === '*' ||
              name === whole ||
              name === `${info.resource}/*` ||
              (info.subresource !== '' && name === `*/${info.subresource}`)),
        )),
  )
}

function matchesPath(pattern: string, path: string): boolean {
  return pattern === '*' || pattern === path || (pattern.endsWith('*') && path.startsWith(pattern.slice(0, -1)))
}

/** Reads a policy from YAML or JSON. Throws `AuditPolicyError`. */
export function parseAuditPolicy(text: string): AuditPolicy {
  let document: unknown
  try {
    document = parseYaml(Buffer.from(text)).value
  } catch (error) {
    throw new AuditPolicyError(`failed decoding: ${(error as Error).message}`, { cause: error })
  }
  const { apiVersion, kind, rules, omitStages, omitManagedFields, ...others } = record(document)
  if (apiVersion !== 'audit.k8s.io/v1' || kind !== 'Policy')
    throw new AuditPolicyError(
      `unknown group version field ${JSON.stringify(apiVersion ?? '')} in policy file, kind ${JSON.stringify(kind ?? '')}`,
    )
  const problems: string[] = unknownFields(others, ['metadata'], '')
  const list = Array.isArray(rules) ? rules : []
  if (list.length === 0) problems.push('loaded illegal policy with 0 rules')
  const stages = stagesOf(omitStages, 'omitStages', problems)
  const read = list.map((rule, index) => ruleOf(record(rule), `rules[${index}]`, stages, omitManagedFields === true, problems))
  if (problems.length > 0) throw new AuditPolicyError(problems.join(', '))
  return read
}

function ruleOf(rule: Members, path: string, stages: readonly AuditStage[], omit: boolean, problems: string[]): PolicyRule {
  const { level, users, userGroups, verbs, resources, namespaces, nonResourceURLs, omitStages, omitManagedFields, ...others } = rule
  problems.push(...unknownFields(others, [], `${path}.`))
  if (level === undefined || level === '') problems.push(`${path}.level: Required value`)
  else if (!LEVELS.includes(level as AuditLevel))
    problems.push(
      `${path}.level: Unsupported value: ${JSON.stringify(level)}: supported values: ${LEVELS.map((l) => JSON.stringify(l)).join(', ')}`,
    )
  const list = (value: unknown, name: string) => strings(value, `${path}.${name}`, problems)
  const urls = list(nonResourceURLs, 'nonResourceURLs')
  const groups = (Array.isArray(resources) ? resources : []).map((one, index) =>
    groupOf(record(one), `${path}.resources[${index}]`, problems),
  )
  const spaces = list(namespaces, 'namespaces')
  if (urls.length > 0 && (groups.length > 0 || spaces.length > 0))
    problems.push(
      `${path}.nonResourceURLs: Invalid value: ${JSON.stringify(urls)}: rules cannot apply to both regular resources and non-resource URLs`,
    )
  for (const [index, url] of urls.entries()) {
    const at = `${path}.nonResourceURLs[${index}]: Invalid value: ${JSON.stringify(url)}`
    if (url === '*') continue
    if (!url.startsWith('/')) problems.push(`${at}: non-resource URL rules must begin with a '/' character`)
    else if (url.slice(0, -1).includes('*')) problems.push(`${at}: non-resource URL wildcards '*' must be the final character of the rule`)
  }
  return {
    level: level as AuditLevel,
    users: list(users, 'users'),
    userGroups: list(userGroups, 'userGroups'),
    verbs: list(verbs, 'verbs'),
    resources: groups,
    namespaces: spaces,
    nonResourceURLs: urls,
    omitStages: [...new Set([...stages, ...stagesOf(omitStages, `${path}.omitStages`, problems)])],
    omitManagedFields: typeof omitManagedFields === 'boolean' ? omitManagedFields : omit,
  }
}

function groupOf({ group, resources, resourceNames, ...others }: Members, path: string, problems: string[]): GroupResources {
  problems.push(...unknownFields(others, [], `${path}.`))
  const read = {
    group: typeof group === 'string' ? group : '',
    resources: strings(resources, `${path}.resources`, problems),
    resourceNames: strings(resourceNames, `${path}.resourceNames`, problems),
  }
  if (read.group.includes('/'))
    problems.push(
      `${path}.group: Invalid value: ${JSON.stringify(read.group)}: must not contain '/'; it is a group alone, without its version`,
    )
  if (read.resourceNames.length > 0 && read.resources.length === 0)
    problems.push(
      `${path}.resourceNames: Invalid value: ${JSON.stringify(read.resourceNames)}: using resourceNames requires at least one resource`,
    )
  return read
}

type Members = Readonly<Record<string, unknown>>

function record(value: unknown): Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {}
}

function strings(value: unknown, path: string, problems: string[]): readonly string[] {
  if (value === undefined || value === null) return []
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value as string[]
  problems.push(`${path}: Invalid value: must be a list of strings`)
  return []
}

function stagesOf(value: unknown, path: string, problems: string[]): readonly AuditStage[] {
  const names = strings(value, path, problems)
  for (const [index, name] of names.entries())
    if (!STAGES.includes(name as AuditStage))
      problems.push(
        `${path}[${index}]: Unsupported value: ${JSON.stringify(name)}: supported values: ${STAGES.map((s) => JSON.stringify(s)).join(', ')}`,
      )
  return names as readonly AuditStage[]
}

/** Members nobody knows are told, as a misspelt one would let through what was meant to be logged. */
function unknownFields(members: Members, known: readonly string[], path: string): string[] {
  return Object.keys(members).flatMap((name) => (known.includes(name) ? [] : [`unknown field ${JSON.stringify(path + name)}`]))
}
