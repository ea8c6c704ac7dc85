/** The rules of flow schemas and priority levels. */

import type {
  FlowSchema,
  FlowSchemaSpec,
  NonResourcePolicyRule,
  PolicyRulesWithSubjects,
  ResourcePolicyRule,
  Subject,
} from './flow-schema.ts'
import { mandatoryLevels, mandatorySchemas } from './mandatory.ts'
import type {
  LimitResponse,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
  QueuingConfiguration,
} from './priority-level-configuration.ts'
import { duplicate, forbidden, invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Label, dns1123Subdomain } from '#schema/names.ts'

const PRECEDENCE_MAX = 10_000
const QUEUES_MAX = 10_000_000
const HAND_ENTROPY_BITS_MAX = 60 // a hand of queues is dealt from one 64-bit hash
const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'proxy', 'update', 'watch']
const NAMESPACES_INTRO = "each member of this list must be '*' or a DNS-1123 label; "

export function schemaErrors({ metadata, spec }: FlowSchema): FieldError[] {
  if (!spec) return []
  const errors = schemaSpecErrors(metadata?.name, spec)
  const fixed = Object.hasOwn(mandatorySchemas, metadata?.name ?? '') ? mandatorySchemas[metadata.name] : undefined
  if (fixed && !sameJson(spec, fixed)) errors.push(invalid('spec', spec, `spec of '${metadata.name}' must equal the fixed value`))
  return errors
}

function schemaSpecErrors(name: string, spec: FlowSchemaSpec): FieldError[] {
  const errors: FieldError[] = []
  const precedence = spec.matchingPrecedence ?? 0
  const at = 'spec.matchingPrecedence'
  if (precedence <= 0) errors.push(invalid(at, precedence, 'must be a positive value'))
  if (precedence > PRECEDENCE_MAX) errors.push(invalid(at, precedence, `must not be greater than ${PRECEDENCE_MAX}`))
  if (precedence === 1 && name !== 'exempt')
    errors.push(invalid(at, precedence, "only the schema named 'exempt' may have matchingPrecedence 1"))
  const method = spec.distinguisherMethod
  if (method && !['ByNamespace', 'ByUser'].includes(method.type))
    errors.push(notSupported('spec.distinguisherMethod.type', { Type: method.type ?? '' }, ['ByNamespace', 'ByUser']))
  const level = spec.priorityLevelConfiguration?.name ?? ''
  const levelPath = 'spec.priorityLevelConfiguration.name'
  if (level === '') errors.push(required(levelPath, 'must reference a priority level'))
  else errors.push(...invalidEach(levelPath, level, dns1123Subdomain(level)))
  return [...errors, ...(spec.rules ?? []).flatMap((rule, index) => ruleErrors(rule, `spec.rules[${index}]`))]
}

function ruleErrors({ subjects = [], resourceRules = [], nonResourceRules = [] }: PolicyRulesWithSubjects, at: string): FieldError[] {
  return [
    ...(subjects.length === 0 ? [required(`${at}.subjects`, 'subjects must contain at least one value')] : []),
    ...subjects.flatMap((subject, index) => subjectErrors(subject, `${at}.subjects[${index}]`)),
    ...(resourceRules.length === 0 && nonResourceRules.length === 0
      ? [required(at, 'at least one of resourceRules and nonResourceRules has to be non-empty')]
      : []),
    ...resourceRules.flatMap((rule, index) => resourceRuleErrors(rule, `${at}.resourceRules[${index}]`)),
    ...nonResourceRules.flatMap((rule, index) => pathRuleErrors(rule, `${at}.nonResourceRules[${index}]`)),
  ]
}

const SUBJECTS = { ServiceAccount: 'serviceAccount', User: 'user', Group: 'group' } as const

/** Missing names are the declaration's to blame, but for that of a service account's namespace, of which upstream says more. */
function subjectErrors(subject: Subject, at: string): FieldError[] {
  const kind = subject.kind as keyof typeof SUBJECTS
  if (!Object.hasOwn(SUBJECTS, kind ?? '')) return [notSupported(`${at}.kind`, subject.kind ?? '', ['Group', 'ServiceAccount', 'User'])]
  const member = SUBJECTS[kind]
  const errors: FieldError[] = []
  if (subject[member] === undefined) errors.push(required(`${at}.${member}`, `${member} is required when subject kind is '${kind}'`))
  const account = kind === 'ServiceAccount' ? subject.serviceAccount : undefined
  if (account) {
    const { name = '', namespace = '' } = account
    if (name !== '' && name !== '*') errors.push(...invalidEach(`${at}.serviceAccount.name`, name, dns1123Subdomain(name)))
    if (namespace === '') errors.push(required(`${at}.serviceAccount.namespace`, 'must specify namespace for service account'))
    else errors.push(...invalidEach(`${at}.serviceAccount.namespace`, namespace, dns1123Label(namespace)))
  }
  // In upstream's order: accounts come before users, and users before groups.
  for (const other of ['ServiceAccount', 'User', 'Group'] as const)
    if (other !== kind && subject[SUBJECTS[other]] !== undefined)
      errors.push(forbidden(`${at}.${SUBJECTS[other]}`, `${SUBJECTS[other]} is forbidden when subject kind is not '${other}'`))
  return errors
}

function verbErrors(verbs: readonly string[], at: string): FieldError[] {
  if (verbs.length === 0) return [required(at, 'verbs must contain at least one value')]
  if (verbs.includes('*')) return alone(verbs, at, 'verbs')
  return verbs.every((verb) => VERBS.includes(verb)) ? [] : [notSupported(at, verbs, VERBS)]
}

function alone(values: readonly string[], at: string, what: string): FieldError[] {
  return values.includes('*') && values.length > 1 ? [invalid(at, values, `if '*' is present, must not specify other ${what}`)] : []
}

function resourceRuleErrors(rule: ResourcePolicyRule, at: string): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], namespaces = [], clusterScope } = rule
  const errors = verbErrors(verbs, `${at}.verbs`)
  if (apiGroups.length === 0) errors.push(required(`${at}.apiGroups`, 'resource rules must supply at least one api group'))
  errors.push(...alone(apiGroups, `${at}.apiGroups`, 'api groups'))
  if (resources.length === 0) errors.push(required(`${at}.resources`, 'resource rules must supply at least one resource'))
  errors.push(...alone(resources, `${at}.resources`, 'resources'))
  if (namespaces.length === 0 && !clusterScope)
    errors.push(required(`${at}.namespaces`, 'resource rules that are not cluster scoped must supply at least one namespace'))
  else if (namespaces.includes('*')) errors.push(...alone(namespaces, `${at}.namespaces`, 'namespaces'))
  else
    for (const [index, namespace] of namespaces.entries())
      errors.push(...dns1123Label(namespace).map((problem) => invalid(`${at}.namespaces[${index}]`, namespace, NAMESPACES_INTRO + problem)))
  return errors
}

function pathRuleErrors({ verbs = [], nonResourceURLs = [] }: NonResourcePolicyRule, at: string): FieldError[] {
  const errors = verbErrors(verbs, `${at}.verbs`)
  const where = `${at}.nonResourceURLs`
  if (nonResourceURLs.length === 0) return [...errors, required(where, 'nonResourceURLs must contain at least one value')]
  if (nonResourceURLs.includes('*')) return [...errors, ...alone(nonResourceURLs, where, 'non-resource URLs')]
  for (const [index, path] of nonResourceURLs.entries()) {
    const problem = pathProblem(path)
    if (problem !== undefined) errors.push(invalid(`${where}[${index}]`, path, problem))
  }
  return errors
}

function pathProblem(path: string): string | undefined {
  if (path === '') return 'must not be empty'
  if (path === '/') return undefined
  if (!path.startsWith('/')) return 'must start with slash'
  if (path.includes(' ')) return 'must not contain white-space'
  if (path.includes('//')) return 'must not contain double slash'
  const stars = path.split('*').length - 1
  return stars > 1 || (stars === 1 && !path.endsWith('/*')) ? 'wildcard can only do suffix matching' : undefined
}

/** Only what comes by the status path has to hold here. */
export function conditionErrors(status: { readonly conditions?: readonly { readonly type?: string }[] }): FieldError[] {
  const types = new Set<string>()
  return (status.conditions ?? []).flatMap(({ type = '' }, index) => {
    const at = `status.conditions[${index}].type`
    const errors = types.has(type) ? [duplicate(at, type)] : []
    types.add(type)
    if (type === '') errors.push(required(at, 'must not be empty'))
    return errors
  })
}

export function levelErrors({ metadata, spec }: PriorityLevelConfiguration): FieldError[] {
  if (!spec) return []
  const name = metadata?.name ?? ''
  const errors = levelSpecErrors(name, spec)
  const fixed = Object.hasOwn(mandatoryLevels, name) ? mandatoryLevels[name] : undefined
  if (fixed === undefined) return errors
  if (name === 'exempt') {
    const { exempt: _, ...rest } = spec
    const { exempt: __, ...fixedRest } = fixed
    if (!sameJson(rest, fixedRest))
      errors.push(invalid('spec', spec, "spec of 'exempt' except the 'spec.exempt' field must equal the fixed value"))
  } else if (!sameJson(spec, fixed)) errors.push(invalid('spec', spec, `spec of '${name}' must equal the fixed value`))
  return errors
}

function levelSpecErrors(name: string, spec: PriorityLevelConfigurationSpec): FieldError[] {
  const { type = '', limited, exempt } = spec
  const errors: FieldError[] = []
  if ((name === 'exempt') !== (type === 'Exempt'))
    errors.push(invalid('spec.type', type, "type must be 'Exempt' if and only if name is 'exempt'"))
  if (type === 'Exempt') {
    if (limited) errors.push(forbidden('spec.limited', 'must be nil if the type is not Limited'))
    if (exempt) errors.push(...shareErrors(exempt, 'spec.exempt'), ...lendingErrors(exempt, 'spec.exempt'))
  } else if (type === 'Limited') {
    if (exempt) errors.push(forbidden('spec.exempt', 'must be nil if the type is Limited'))
    if (limited) errors.push(...limitedErrors(limited, 'spec.limited'))
    else errors.push(required('spec.limited', 'must not be empty when type is Limited'))
  } else errors.push(notSupported('spec.type', type, ['Exempt', 'Limited']))
  return errors
}

type Shares = Pick<NonNullable<PriorityLevelConfigurationSpec['exempt']>, 'nominalConcurrencyShares' | 'lendablePercent'>

function shareErrors({ nominalConcurrencyShares = 0 }: Shares, at: string): FieldError[] {
  return nominalConcurrencyShares < 0
    ? [invalid(`${at}.nominalConcurrencyShares`, nominalConcurrencyShares, 'must be a non-negative integer')]
    : []
}

function lendingErrors({ lendablePercent = 0 }: Shares, at: string): FieldError[] {
  return lendablePercent < 0 || lendablePercent > 100
    ? [invalid(`${at}.lendablePercent`, lendablePercent, 'must be between 0 and 100, inclusive')]
    : []
}

function limitedErrors(limited: NonNullable<PriorityLevelConfigurationSpec['limited']>, at: string): FieldError[] {
  const errors = [
    ...shareErrors(limited, at),
    ...responseErrors(limited.limitResponse, `${at}.limitResponse`),
    ...lendingErrors(limited, at),
  ]
  const { borrowingLimitPercent: borrowing } = limited
  if (borrowing !== undefined && borrowing < 0)
    errors.push(invalid(`${at}.borrowingLimitPercent`, borrowing, 'if specified, must be a non-negative integer'))
  return errors
}

function responseErrors(response: LimitResponse | undefined, at: string): FieldError[] {
  const { type = '', queuing } = response ?? { type: '' }
  if (type === 'Reject') return queuing ? [forbidden(`${at}.queuing`, 'must be nil if limited.limitResponse.type is not Limited')] : []
  if (type !== 'Queue') return [notSupported(`${at}.type`, type, ['Queue', 'Reject'])]
  return queuing
    ? queuingErrors(queuing, `${at}.queuing`)
    : [required(`${at}.queuing`, 'must not be empty if limited.limitResponse.type is Limited')]
}

function queuingErrors({ queueLengthLimit = 0, queues = 0, handSize = 0 }: QueuingConfiguration, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (queueLengthLimit <= 0) errors.push(invalid(`${at}.queueLengthLimit`, queueLengthLimit, 'must be positive'))
  if (queues <= 0) errors.push(invalid(`${at}.queues`, queues, 'must be positive'))
  else if (queues > QUEUES_MAX) errors.push(invalid(`${at}.queues`, queues, `must not be greater than ${QUEUES_MAX}`))
  if (handSize <= 0) errors.push(invalid(`${at}.handSize`, handSize, 'must be positive'))
  else if (handSize > queues) errors.push(invalid(`${at}.handSize`, handSize, `should not be greater than queues (${queues})`))
  else if (entropyBits(queues, handSize) > HAND_ENTROPY_BITS_MAX)
    errors.push(
      invalid(
        `${at}.handSize`,
        handSize,
        `required entropy bits of deckSize ${queues} and handSize ${handSize} should not be greater than ${HAND_ENTROPY_BITS_MAX}`,
      ),
    )
  return errors
}

/** Bits that say which hand was dealt: the logarithm of the number of ways to draw it, card by card. */
function entropyBits(deck: number, hand: number): number {
  return Math.ceil(Math.log2(deck) * hand)
}

export function queuingDefaults({ queues, handSize, queueLengthLimit }: QueuingConfiguration): Partial<QueuingConfiguration> {
  return { queues: queues || 64, handSize: handSize || 8, queueLengthLimit: queueLengthLimit || 50 }
}
