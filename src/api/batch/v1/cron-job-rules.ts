/** What is refused in a CronJob. */

import type { CronJob, CronJobSpec, JobTemplateSpec } from './cron-job.ts'
import { notNegativeErrors } from '#api/core/v1/template-rules.ts'
import { MalformedSchedule, parseCronSchedule, timeZoneProblem } from '#schema/cron-schedule.ts'
import { invalid, notSupported, required, type FieldError } from '#schema/field-error.ts'

const NAME_LENGTH_MAX = 63 - 11 // jobs are named after it, with a dash and ten digits, and take labels of their name
const CONCURRENCY_POLICIES = ['Allow', 'Forbid', 'Replace']

export function cronJobSpecErrors(spec: CronJobSpec, path: string): FieldError[] {
  const errors: FieldError[] = []
  errors.push(...scheduleErrors(spec.schedule, `${path}.schedule`))
  errors.push(...notNegativeErrors(spec.startingDeadlineSeconds, `${path}.startingDeadlineSeconds`))
  const policy = spec.concurrencyPolicy as string | undefined
  if (!policy) errors.push(required(`${path}.concurrencyPolicy`))
  else if (!CONCURRENCY_POLICIES.includes(policy)) errors.push(notSupported(`${path}.concurrencyPolicy`, policy, CONCURRENCY_POLICIES))
  errors.push(...jobTemplateErrors(spec.jobTemplate, `${path}.jobTemplate`))
  for (const name of ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'] as const)
    errors.push(...notNegativeErrors(spec[name], `${path}.${name}`))
  return errors
}

/** A longer name that is there already may stay. */
export function cronJobCreateErrors({ metadata, spec }: CronJob): FieldError[] {
  const errors = [...zoneInScheduleErrors(spec), ...timeZoneErrors(spec.timeZone)]
  if (metadata.name.length > NAME_LENGTH_MAX)
    errors.push(invalid('metadata.name', metadata.name, `must be no more than ${NAME_LENGTH_MAX} characters`))
  return errors
}

export function cronJobUpdateErrors({ spec }: CronJob, { spec: old }: CronJob): FieldError[] {
  return [...zoneInScheduleErrors(spec, old), ...(spec.timeZone === old.timeZone ? [] : timeZoneErrors(spec.timeZone))]
}

function scheduleErrors(schedule: string | undefined, path: string): FieldError[] {
  // Where there is none, the declaration says so.
  if (!schedule) return []
  try {
    parseCronSchedule(schedule)
    return []
  } catch (error) {
    if (!(error instanceof MalformedSchedule)) throw error
    return [invalid(path, schedule, error.message)]
  }
}

/** A schedule does not name its zone; one that did before there was a field for it may go on. */
function zoneInScheduleErrors({ schedule = '', timeZone }: CronJobSpec, old?: CronJobSpec): FieldError[] {
  if (!schedule.includes('TZ')) return []
  if (!old?.schedule?.includes('TZ'))
    return [invalid('spec.schedule', schedule, 'cannot use TZ or CRON_TZ in schedule, use timeZone field instead')]
  return timeZone === undefined ? [] : [invalid('spec.schedule', schedule, 'cannot use both timeZone field and TZ or CRON_TZ in schedule')]
}

const ZONE_PART = /^[A-Za-z.\-_0-9+]{1,14}$/

function timeZoneErrors(zone: string | undefined): FieldError[] {
  const path = 'spec.timeZone'
  if (zone === undefined) return []
  if (zone === '') return [invalid(path, zone, 'timeZone must be nil or non-empty string')]
  const strange = zone.split('/').some((part) => part === '.' || part === '..' || part.startsWith('-') || !ZONE_PART.test(part))
  if (strange) return [invalid(path, zone, `unknown time zone ${zone}`)]
  const errors: FieldError[] = []
  if (zone.toLowerCase() === 'local')
    errors.push(invalid(path, zone, 'timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones'))
  const problem = timeZoneProblem(zone)
  return problem === undefined ? errors : [...errors, invalid(path, zone, problem)]
}

/** Jobs made from a template get selectors of their own. */
function jobTemplateErrors(template: JobTemplateSpec | undefined, path: string): FieldError[] {
  const spec = template?.spec
  const errors: FieldError[] = []
  if (spec?.selector !== undefined) errors.push(invalid(`${path}.spec.selector`, spec.selector, '`selector` will be auto-generated'))
  if (spec?.manualSelector) errors.push(notSupported(`${path}.spec.manualSelector`, true, ['nil', 'false']))
  return errors
}
