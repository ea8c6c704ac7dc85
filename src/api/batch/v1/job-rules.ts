/** What the server adds to a Job and what it refuses in one. */

import type { Job, JobSpec } from './job.ts'
import { podFailurePolicyErrors, podReplacementErrors } from './pod-failure-rules.ts'
import { successPolicyErrors } from './success-policy-rules.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { IMMUTABLE, invalid, notSupported, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'
import { dns1123Label, dns1123Subdomain, patternText } from '#schema/names.ts'
import { MalformedSelector, labelSelectorOf } from '#schema/selector.ts'

export const CONTROLLER_UID_LABEL = 'batch.kubernetes.io/controller-uid'
export const JOB_NAME_LABEL = 'batch.kubernetes.io/job-name'
/** Older names of the two, without the prefix that labels of the project carry; still set. */
export const LEGACY_CONTROLLER_UID_LABEL = 'controller-uid'
export const LEGACY_JOB_NAME_LABEL = 'job-name'

const RETRIES_DEFAULT = 6
const NO_RETRY_LIMIT = 2 ** 31 - 1 // indexes have limits of their own
const INDEXED_PARALLELISM_MAX = 100_000 // bounds the length of the status' lists of indexes
const FAILED_INDEXES_MAX = 100_000
const MANY_COMPLETIONS = 100_000 // beyond these, with limits per index, the two below hold
const MANY_COMPLETIONS_PARALLELISM_MAX = 10_000
const MANY_COMPLETIONS_FAILED_INDEXES_MAX = 10_000
const MANAGED_BY_BYTES_MAX = 63

/** Holds for jobs, not for the templates of cron jobs, which become jobs later. */
export function jobDefaults({ metadata, spec = {} as JobSpec }: Job): Partial<Job> {
  const { template } = spec
  const labels = template?.metadata?.labels
  const bare = Object.keys(metadata?.labels ?? {}).length === 0 && Object.keys(labels ?? {}).length > 0
  const filled: JobSpec = {
    ...spec,
    ...(spec.completions === undefined && spec.parallelism === undefined && { completions: 1 }),
    parallelism: spec.parallelism ?? 1,
    backoffLimit: spec.backoffLimit ?? (spec.backoffLimitPerIndex === undefined ? RETRIES_DEFAULT : NO_RETRY_LIMIT),
    completionMode: spec.completionMode ?? 'NonIndexed',
    suspend: spec.suspend ?? false,
    podReplacementPolicy: spec.podReplacementPolicy ?? (spec.podFailurePolicy === undefined ? 'TerminatingOrFailed' : 'Failed'),
    manualSelector: spec.manualSelector ?? false,
  }
  return { spec: filled, ...(bare && { metadata: { ...metadata, labels: labels! } }) }
}

/** A template that was left out says nothing; what it lacks is named member by member. */
export function jobSpecDefaults({ template }: JobSpec): Partial<JobSpec> | undefined {
  return template === undefined ? { template: { metadata: {}, spec: {} } as unknown as PodTemplateSpec } : undefined
}

/** What is wrong with a job beyond its spec: its name's length, and the selector, which templates of cron jobs do not have. */
export function jobErrors({ metadata, spec }: Job): FieldError[] {
  if (spec === undefined) return []
  const errors = generatedSelectorErrors(metadata?.uid ?? '', metadata?.name ?? '', spec)
  const labels = spec.template?.metadata?.labels
  if (spec.selector === undefined) errors.push(required('spec.selector'))
  if (!selects(spec.selector, labels))
    errors.push(invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`'))
  const completions = spec.completions ?? 0
  if (spec.completionMode === 'Indexed' && completions > 0) {
    const longest = `${metadata?.name ?? ''}-${completions - 1}`
    if (dns1123Label(longest).length > 0)
      errors.push(invalid('metadata.name', metadata?.name ?? '', `will not able to create pod with invalid DNS label: ${longest}`))
  }
  return errors
}

/** A selector that cannot be understood is blamed elsewhere. */
function selects(selector: JobSpec['selector'], labels: Readonly<Record<string, string>> | undefined): boolean {
  try {
    return labelSelectorOf(selector).matches(labels)
  } catch (error) {
    if (error instanceof MalformedSelector) return true
    throw error
  }
}

/** Unless somebody chose it by hand, the selector is the server's, and the template carries the labels it goes by. */
function generatedSelectorErrors(uid: string, name: string, spec: JobSpec): FieldError[] {
  if (spec.manualSelector || spec.selector === undefined) return []
  const expected = {
    [LEGACY_CONTROLLER_UID_LABEL]: uid,
    [LEGACY_JOB_NAME_LABEL]: name,
    [CONTROLLER_UID_LABEL]: uid,
    [JOB_NAME_LABEL]: name,
  }
  const errors = uid === '' ? [required('metadata.uid')] : []
  const labels: Readonly<Record<string, string>> = spec.template?.metadata?.labels ?? {}
  for (const [key, value] of Object.entries(expected)) {
    const path = `spec.template.metadata.labels[${key}]`
    if (!Object.hasOwn(labels, key)) errors.push(required(path, `must be '${value}'`))
    else if (labels[key] !== value) errors.push(invalid(path, labels, `must be '${value}'`))
  }
  if (!selects(spec.selector, expected)) errors.push(invalid('spec.selector', spec.selector, '`selector` not auto-generated'))
  return errors
}

const COUNTS = [
  'parallelism',
  'completions',
  'activeDeadlineSeconds',
  'backoffLimit',
  'ttlSecondsAfterFinished',
  'backoffLimitPerIndex',
  'maxFailedIndexes',
] as const

/** Holds for jobs and for the templates of cron jobs. */
export function jobSpecErrors(spec: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = COUNTS.flatMap((name) => notNegativeErrors(spec[name], `${path}.${name}`))
  if (spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined)
    errors.push(required(`${path}.backoffLimitPerIndex`, 'when maxFailedIndexes is specified'))
  if (spec.managedBy !== undefined) errors.push(...managedByErrors(spec.managedBy, `${path}.managedBy`))
  const mode = spec.completionMode
  if (mode !== undefined && mode !== 'NonIndexed' && mode !== 'Indexed')
    errors.push(notSupported(`${path}.completionMode`, mode, ['NonIndexed', 'Indexed']))
  if (mode === 'Indexed') errors.push(...indexedErrors(spec, path))
  if (mode === undefined || mode === 'NonIndexed')
    for (const name of ['backoffLimitPerIndex', 'maxFailedIndexes'] as const)
      if (spec[name] !== undefined) errors.push(invalid(`${path}.${name}`, spec[name], 'requires indexed completion mode'))
  errors.push(...podFailurePolicyErrors(spec, `${path}.podFailurePolicy`))
  if (spec.successPolicy !== undefined) errors.push(...successPolicyErrors(spec, `${path}.successPolicy`))
  errors.push(...podReplacementErrors(spec, `${path}.podReplacementPolicy`))
  return [...errors, ...restartPolicyErrors(spec, `${path}.template.spec.restartPolicy`)]
}

function indexedErrors({ completions, parallelism, maxFailedIndexes, backoffLimitPerIndex }: JobSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  const refuse = (name: 'parallelism' | 'maxFailedIndexes', value: number, detail: string) =>
    errors.push(invalid(`${path}.${name}`, value, `must be less than or equal to ${detail}`))
  if (completions === undefined) errors.push(required(`${path}.completions`, 'when completion mode is Indexed'))
  if (parallelism !== undefined && parallelism > INDEXED_PARALLELISM_MAX)
    refuse('parallelism', parallelism, `${INDEXED_PARALLELISM_MAX} when completion mode is Indexed`)
  if (completions !== undefined && maxFailedIndexes !== undefined && maxFailedIndexes > completions)
    refuse('maxFailedIndexes', maxFailedIndexes, 'completions')
  if (maxFailedIndexes !== undefined && maxFailedIndexes > FAILED_INDEXES_MAX)
    refuse('maxFailedIndexes', maxFailedIndexes, String(FAILED_INDEXES_MAX))
  if (completions === undefined || completions <= MANY_COMPLETIONS || backoffLimitPerIndex === undefined) return errors
  const when = `when completions are above ${MANY_COMPLETIONS} and used with backoff limit per index`
  if (maxFailedIndexes === undefined)
    errors.push(required(`${path}.maxFailedIndexes`, `must be specified when completions is above ${MANY_COMPLETIONS}`))
  if (parallelism !== undefined && parallelism > MANY_COMPLETIONS_PARALLELISM_MAX)
    refuse('parallelism', parallelism, `${MANY_COMPLETIONS_PARALLELISM_MAX} ${when}`)
  if (maxFailedIndexes !== undefined && maxFailedIndexes > MANY_COMPLETIONS_FAILED_INDEXES_MAX)
    refuse('maxFailedIndexes', maxFailedIndexes, `${MANY_COMPLETIONS_FAILED_INDEXES_MAX} ${when}`)
  return errors
}

const HTTP_PATH = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"

function managedByErrors(text: string, path: string): FieldError[] {
  const slash = text.indexOf('/')
  const [host, rest] = [text.slice(0, slash), text.slice(slash + 1)]
  const errors: FieldError[] = []
  if (text === '') errors.push(required(path))
  else if (slash === -1 || host === '' || rest === '')
    errors.push(invalid(path, text, 'must be a domain-prefixed path (such as "acme.io/foo")'))
  else {
    for (const problem of dns1123Subdomain(host)) errors.push(invalid(path, host, problem))
    if (!new RegExp(`^${HTTP_PATH}$`).test(rest)) errors.push(invalid(path, rest, patternText('Invalid path', HTTP_PATH)))
  }
  return Buffer.byteLength(text) > MANAGED_BY_BYTES_MAX ? [...errors, tooLong(path, MANAGED_BY_BYTES_MAX)] : errors
}

function restartPolicyErrors({ template, podFailurePolicy }: JobSpec, path: string): FieldError[] {
  const policy: string = template?.spec?.restartPolicy ?? ''
  // Pods are kept running by default, so that says as little as nothing.
  if (policy === '' || policy === 'Always') return [required(path, 'valid values: "OnFailure", "Never"')]
  if (policy !== 'OnFailure' && policy !== 'Never') return [notSupported(path, policy, ['OnFailure', 'Never'])]
  if (podFailurePolicy !== undefined && policy !== 'Never')
    return [invalid(path, policy, 'only "Never" is supported when podFailurePolicy is specified')]
  return []
}

const FIXED = ['completionMode', 'podFailurePolicy', 'backoffLimitPerIndex', 'managedBy', 'successPolicy'] as const

/** What of a job may not change. Its template may, in part, while it is suspended and no pod of it runs. */
export function jobUpdateErrors(job: Job, old: Job, _path: string, subresource: string | undefined): FieldError[] {
  if (subresource === 'status') return []
  const { spec } = job
  const before = old.spec
  const errors = completionsErrors(spec, before)
  if (!sameJson(spec.selector ?? null, before.selector ?? null)) errors.push(invalid('spec.selector', spec.selector ?? null, IMMUTABLE))
  const resting = before.suspend === true && (old.status?.active ?? 0) === 0
  const fixed = resting ? withMutable(before.template, spec.template) : before.template
  if (!sameJson(spec.template, fixed)) errors.push(invalid('spec.template', spec.template, IMMUTABLE))
  for (const name of FIXED)
    if (!sameJson(spec[name] ?? null, before[name] ?? null)) errors.push(invalid(`spec.${name}`, spec[name] ?? null, IMMUTABLE))
  return errors
}

/** Jobs with indexes grow and shrink, as long as all their pods may run at once. */
function completionsErrors(spec: JobSpec, before: JobSpec): FieldError[] {
  const { completions } = spec
  if (completions === before.completions) return []
  if (spec.completionMode !== 'Indexed') return [invalid('spec.completions', completions ?? null, IMMUTABLE)]
  if (completions === undefined || completions === spec.parallelism) return []
  return [invalid('spec.completions', completions, 'can only be modified in tandem with spec.parallelism')]
}

/** The old template with what may change taken from the new one: where pods may run, and what they ask for. */
function withMutable(old: PodTemplateSpec, now: PodTemplateSpec): PodTemplateSpec {
  const spec: Record<string, unknown> = { ...old.spec }
  const take = (into: Record<string, unknown>, from: object, name: string) => {
    const value = (from as Record<string, unknown>)[name]
    if (value === undefined) delete into[name]
    else into[name] = value
  }
  for (const name of ['nodeSelector', 'tolerations', 'schedulingGates']) take(spec, now.spec, name)
  const affinity = withNodeAffinity(old.spec.affinity, now.spec.affinity)
  if (affinity === undefined) delete spec['affinity']
  else spec['affinity'] = affinity
  for (const name of ['containers', 'initContainers'] as const)
    if (old.spec[name]) spec[name] = withResources(old.spec[name], now.spec[name])
  const metadata: Record<string, unknown> = { ...old.metadata }
  for (const name of ['annotations', 'labels']) take(metadata, now.metadata, name)
  return { ...old, metadata, spec } as unknown as PodTemplateSpec
}

type Affinity = PodTemplateSpec['spec']['affinity']

function withNodeAffinity(old: Affinity, now: Affinity): Affinity {
  const { nodeAffinity: _, ...others } = old ?? {}
  if (now === undefined) return Object.keys(others).length === 0 ? undefined : others
  return { ...others, ...(now.nodeAffinity && { nodeAffinity: now.nodeAffinity }) }
}

function withResources(old: readonly Container[], now: readonly Container[] | undefined): readonly Container[] {
  return old.map((container, index) => {
    const asked = now?.[index]?.resources
    if (asked !== undefined) return { ...container, resources: asked }
    const { resources: _, ...rest } = container
    return rest as Container
  })
}
