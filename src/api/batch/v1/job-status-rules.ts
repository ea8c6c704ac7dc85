/** What of a Job's status may be written: whoever looks after jobs, the way they go must make sense to those who read it. */

import { MalformedIndexes, countIndexes, firstCommonIndex } from './job-indexes.ts'
import type { Job, JobStatus } from './job.ts'
import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { OMITTED, duplicate, invalid, required, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'

const CONDITIONS = 'status.conditions'
const TERMINAL = ['Failed', 'Complete', 'FailureTarget'] as const

/**
 * Everything wrong with a change of status. Most of it is only looked at where it changes, so that what is already odd does
 * not stand in the way of other changes, and a controller has time to follow a change of the spec.
 */
export function jobStatusErrors(job: Job, old: Job): FieldError[] {
  const [now, before] = [viewOf(job), viewOf(old)]
  return [
    ...countErrors(job.status ?? {}),
    ...uncountedErrors(job.status ?? {}),
    ...endErrors(job, now, old, before),
    ...indexErrors(job, old),
    ...podErrors(job.status ?? {}, now, old.status ?? {}, before),
    ...criteriaErrors(job, now),
    ...transitionErrors(job, now, old, before),
  ]
}

/** Which conditions hold. */
interface View {
  readonly complete: boolean
  readonly failed: boolean
  readonly finished: boolean
  readonly failureTarget: boolean
  readonly successCriteriaMet: boolean
}

function viewOf({ status }: Job): View {
  const holds = (type: string) => status?.conditions?.some((c) => c.type === type && c.status === 'True') ?? false
  const [complete, failed] = [holds('Complete'), holds('Failed')]
  return {
    complete,
    failed,
    finished: complete || failed,
    failureTarget: holds('FailureTarget'),
    successCriteriaMet: holds('SuccessCriteriaMet'),
  }
}

function conditionsError(detail: string): FieldError {
  return invalid(CONDITIONS, OMITTED, detail)
}

function countErrors(status: JobStatus): FieldError[] {
  const counts = ['active', 'succeeded', 'failed', 'ready', 'terminating'] as const
  return counts.flatMap((name) => notNegativeErrors(status[name], `status.${name}`))
}

function uncountedErrors({ uncountedTerminatedPods: uncounted }: JobStatus): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const name of ['succeeded', 'failed'] as const)
    for (const [index, uid] of (uncounted?.[name] ?? []).entries()) {
      const path = `status.uncountedTerminatedPods.${name}[${index}]`
      if (uid === '') errors.push(invalid(path, uid, 'must not be empty'))
      else if (seen.has(uid)) errors.push(duplicate(path, uid))
      else seen.add(uid)
    }
  return errors
}

/** A job ends once, in one way, and has the times that go with it. */
function endErrors(job: Job, now: View, old: Job, before: View): FieldError[] {
  const errors: FieldError[] = []
  const { startTime, completionTime } = job.status
  const completeChanged = now.complete !== before.complete
  const failedChanged = now.failed !== before.failed
  const startChanged = startTime !== old.status.startTime
  const completionChanged = completionTime !== old.status.completionTime
  if ((completeChanged || failedChanged) && now.complete && now.failed)
    errors.push(conditionsError('cannot set Complete=True and Failed=true conditions'))
  if ((completeChanged || now.failureTarget !== before.failureTarget) && now.complete && now.failureTarget)
    errors.push(conditionsError('cannot set Complete=True and FailureTarget=true conditions'))
  if ((completeChanged || completionChanged) && completionTime !== undefined && !now.complete)
    errors.push(invalid('status.completionTime', completionTime, 'cannot set completionTime when there is no Complete=True condition'))
  if ((completeChanged || completionChanged) && completionTime === undefined && now.complete)
    errors.push(required('status.completionTime', 'completionTime is required for Complete jobs'))
  if ((startChanged || completionChanged) && startTime !== undefined && completionTime !== undefined)
    if (Date.parse(completionTime) < Date.parse(startTime))
      errors.push(invalid('status.completionTime', completionTime, 'completionTime cannot be set before startTime'))
  if (failedChanged && now.failed && !now.failureTarget)
    errors.push(conditionsError('cannot set Failed=True condition without the FailureTarget=true condition'))
  if (completeChanged && now.complete && !now.successCriteriaMet)
    errors.push(conditionsError('cannot set Complete=True condition without the SuccessCriteriaMet=true condition'))
  if ((now.finished !== before.finished || startChanged) && startTime === undefined && now.finished)
    errors.push(required('status.startTime', 'startTime is required for finished job'))
  return errors
}

/** Pods of a job that has ended have ended too, and are counted. */
function podErrors(status: JobStatus, now: View, old: JobStatus, before: View): FieldError[] {
  const errors: FieldError[] = []
  const finishedChanged = now.finished !== before.finished
  const { active = 0, terminating = 0, ready, uncountedTerminatedPods: uncounted } = status
  const activeChanged = active !== (old.active ?? 0)
  if ((finishedChanged || activeChanged) && active > 0 && now.finished)
    errors.push(invalid('status.active', active, 'active>0 is invalid for finished job'))
  const uncountedChanged = !sameJson(uncounted ?? null, old.uncountedTerminatedPods ?? null)
  const uncountedPods = (uncounted?.failed ?? []).length + (uncounted?.succeeded ?? []).length
  if ((finishedChanged || uncountedChanged) && now.finished && uncountedPods > 0)
    errors.push(invalid('status.uncountedTerminatedPods', uncounted, 'uncountedTerminatedPods needs to be empty for finished job'))
  if ((finishedChanged || terminating !== (old.terminating ?? 0)) && terminating > 0 && now.finished)
    errors.push(invalid('status.terminating', terminating, 'terminating>0 is invalid for finished job'))
  if ((activeChanged || ready !== old.ready) && ready !== undefined && ready > active)
    errors.push(invalid('status.ready', ready, 'cannot set more ready pods than active'))
  return errors
}

function indexErrors({ spec, status }: Job, old: Job): FieldError[] {
  const errors: FieldError[] = []
  const { completedIndexes = '', failedIndexes } = status
  const completedChanged = completedIndexes !== (old.status.completedIndexes ?? '')
  const failedChanged = failedIndexes !== old.status.failedIndexes
  const { completions, backoffLimitPerIndex } = spec
  if (completedChanged && completions !== undefined) errors.push(...formatErrors('completedIndexes', completedIndexes, completions))
  if (failedChanged && completions !== undefined && backoffLimitPerIndex !== undefined && failedIndexes !== undefined)
    errors.push(...formatErrors('failedIndexes', failedIndexes, completions))
  if (completedChanged && completedIndexes !== '' && spec.completionMode !== 'Indexed')
    errors.push(
      invalid('status.completedIndexes', completedIndexes, 'cannot set non-empty completedIndexes when non-indexed completion mode'),
    )
  if (failedChanged && backoffLimitPerIndex === undefined && failedIndexes !== undefined)
    errors.push(invalid('status.failedIndexes', failedIndexes, 'cannot set non-null failedIndexes when backoffLimitPerIndex is null'))
  if ((completedChanged || failedChanged) && completions !== undefined && failedIndexes !== undefined) {
    const common = firstCommonIndex(completedIndexes, failedIndexes, completions)
    if (common !== undefined)
      errors.push(invalid('status.failedIndexes', failedIndexes, `failedIndexes and completedIndexes overlap at index: ${common}`))
  }
  return errors
}

function formatErrors(name: 'completedIndexes' | 'failedIndexes', text: string, completions: number): FieldError[] {
  try {
    countIndexes(text, completions)
    return []
  } catch (error) {
    if (!(error instanceof MalformedIndexes)) throw error
    return [invalid(`status.${name}`, text, `error parsing ${name}: ${error.message}`)]
  }
}

/** What holds always, changed or not. */
function criteriaErrors({ spec }: Job, { complete, failed, failureTarget, successCriteriaMet: met }: View): FieldError[] {
  const errors: FieldError[] = []
  if (met && failed) errors.push(conditionsError('cannot set SuccessCriteriaMet=True and Failed=true conditions'))
  if (met && failureTarget) errors.push(conditionsError('cannot set SuccessCriteriaMet=True and FailureTarget=true conditions'))
  if (spec.successPolicy !== undefined && !met && complete)
    errors.push(conditionsError('cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True'))
  return errors
}

/** What has happened stays so. */
function transitionErrors(job: Job, now: View, old: Job, before: View): FieldError[] {
  const errors: FieldError[] = []
  const holds: Readonly<Record<(typeof TERMINAL)[number], keyof View>> = {
    Failed: 'failed',
    Complete: 'complete',
    FailureTarget: 'failureTarget',
  }
  for (const type of TERMINAL)
    if (before[holds[type]] && !now[holds[type]]) errors.push(conditionsError(`cannot disable the terminal ${type}=True condition`))
  const { status, spec } = job
  const counted = (name: 'failed' | 'succeeded') => [status[name] ?? 0, old.status[name] ?? 0] as const
  const [failed, failedBefore] = counted('failed')
  if (failed < failedBefore) errors.push(invalid('status.failed', failed, 'cannot decrease the failed counter'))
  const [succeeded, succeededBefore] = counted('succeeded')
  // Jobs with indexes may be scaled down, and then forget what lies beyond.
  const elastic = spec.completionMode === 'Indexed' && spec.completions === spec.parallelism
  if (!elastic && succeeded < succeededBefore) errors.push(invalid('status.succeeded', succeeded, 'cannot decrease the succeeded counter'))
  const { completionTime, startTime } = status
  const { completionTime: completedBefore, startTime: startedBefore } = old.status
  if (completionTime !== undefined && completedBefore !== undefined && completionTime !== completedBefore)
    errors.push(invalid('status.completionTime', completionTime, 'completionTime cannot be mutated'))
  if (startedBefore !== undefined && startedBefore !== startTime && !spec.suspend)
    errors.push(required('status.startTime', 'startTime cannot be removed for unsuspended job'))
  if (before.successCriteriaMet && !now.successCriteriaMet)
    errors.push(conditionsError('cannot disable the SuccessCriteriaMet=True condition'))
  if (before.complete && !before.successCriteriaMet && now.successCriteriaMet)
    errors.push(conditionsError('cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions'))
  return errors
}
