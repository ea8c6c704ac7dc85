/** The rules of pod templates in the kinds that keep pods running. */

import { podAnnotationErrors, profileMatchErrors } from './pod-annotation-rules.ts'
import type { PodTemplateSpec } from './pod-template.ts'
import type { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { forbidden, invalid, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { percentage } from '#schema/names.ts'
import { MalformedSelector, labelSelectorOf } from '#schema/selector.ts'
import { annotationErrors, labelErrors } from '#schema/validate-metadata.ts'

/** Metadata of a template: of it, only labels and annotations mean anything. */
export function templateErrors(template: PodTemplateSpec, path: string): FieldError[] {
  const errors = [
    ...labelErrors(template.metadata.labels, `${path}.labels`),
    ...annotationErrors(template.metadata.annotations, `${path}.annotations`),
    ...podAnnotationErrors(template.metadata.annotations, template.spec, `${path}.annotations`),
    ...profileMatchErrors(template.metadata.annotations, template.spec, `${path}.spec`),
  ]
  if ((template.spec.ephemeralContainers ?? []).length > 0)
    errors.push(forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  return errors
}

/** A template whose pods are replaced when they end; `kind` is the kind the message speaks of. */
export function replacedTemplateErrors(template: PodTemplateSpec | undefined, path: string, kind: string, demanded = false): FieldError[] {
  // Where the declaration demands a template it says so itself.
  if (template === undefined) return demanded ? [required(path)] : []
  const errors: FieldError[] = []
  const policy = template.spec.restartPolicy
  if (policy !== undefined && policy !== 'Always' && ['OnFailure', 'Never'].includes(policy))
    errors.push(notSupported(`${path}.spec.restartPolicy`, policy, ['Always']))
  if (template.spec.activeDeadlineSeconds !== undefined)
    errors.push(forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${kind} is not Supported`))
  return errors
}

/** A selector that is said, says something, and chooses the template's own pods. */
export function selectorMatchErrors(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  path: string,
  kind: string,
): FieldError[] {
  if (selector === undefined) return []
  if (Object.keys(selector.matchLabels ?? {}).length === 0 && (selector.matchExpressions ?? []).length === 0)
    return [invalid(`${path}.selector`, selector, `empty selector is invalid for ${kind}`)]
  try {
    if (template === undefined || labelSelectorOf(selector).matches(template.metadata.labels)) return []
    return [invalid(`${path}.template.metadata.labels`, template.metadata.labels ?? null, '`selector` does not match template `labels`')]
  } catch (error) {
    if (!(error instanceof MalformedSelector)) throw error
    return [invalid(`${path}.selector`, selector, 'invalid label selector')]
  }
}

export function notNegativeErrors(value: number | undefined, path: string): FieldError[] {
  return value !== undefined && value < 0 ? [invalid(path, value, 'must be greater than or equal to 0')] : []
}

export function countOrPercentErrors(value: number | string | undefined, path: string): FieldError[] {
  if (value === undefined) return []
  if (typeof value === 'number') return notNegativeErrors(value, path)
  return percentage(value).map((problem) => invalid(path, value, problem))
}

export function isZeroCount(value: number | string | undefined): boolean {
  return value === 0 || (typeof value === 'string' && /^0+%$/.test(value))
}

export function atMostAllErrors(value: number | string | undefined, path: string): FieldError[] {
  const percent = typeof value === 'string' && /^\d+%$/.test(value) ? Number(value.slice(0, -1)) : 0
  return percent > 100 ? [invalid(path, value, 'must not be greater than 100%')] : []
}
