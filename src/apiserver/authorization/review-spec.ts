/** A request as a SubjectAccessReview asks about it: what webhooks are sent and match conditions look at. */

import type { ResourceAttributes, SubjectAccessReviewSpec } from '#api/authorization/v1/subject-access-review.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import { forbidden, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { qualifiedName } from '#schema/names.ts'
import { parseFieldSelector, parseLabelSelector } from '#schema/selector.ts'
import type { Attributes } from './authorizer.ts'

export function reviewSpecOf({ user, info }: Attributes): SubjectAccessReviewSpec {
  const { username = '', uid, groups, extra } = user
  return {
    ...(info.isResourceRequest
      ? { resourceAttributes: resourceAttributesOf(info) }
      : { nonResourceAttributes: { path: info.path, verb: info.verb } }),
    user: username,
    ...(groups?.length && { groups }),
    ...(extra && Object.keys(extra).length > 0 && { extra }),
    ...(uid && { uid }),
  }
}

function resourceAttributesOf(info: RequestInfo): ResourceAttributes {
  const { namespace, verb, group, version, resource, subresource, name } = info
  const fields = info.fieldSelector === undefined ? [] : fieldRequirements(info.fieldSelector)
  const labels = info.labelSelector === undefined ? [] : labelRequirements(info.labelSelector)
  const said = Object.entries({ namespace, verb, group, version, resource, subresource, name }).filter(([, value]) => value !== '')
  return {
    ...(Object.fromEntries(said) as ResourceAttributes),
    ...(fields.length > 0 && { fieldSelector: { requirements: fields } }),
    ...(labels.length > 0 && { labelSelector: { requirements: labels } }),
  }
}

type Operator = 'In' | 'NotIn' | 'Exists' | 'DoesNotExist'

interface Requirement {
  readonly key: string
  readonly operator: Operator
  readonly values?: readonly string[]
}

/** What cannot be understood narrows nothing down, and is left out. */
function fieldRequirements(text: string): readonly Requirement[] {
  return orNone(() =>
    parseFieldSelector(text).requirements.map(({ field, operator, value }): Requirement => {
      const isEqual = operator !== '!='
      if (value === '') return { key: field, operator: isEqual ? 'DoesNotExist' : 'Exists' }
      return { key: field, operator: isEqual ? 'In' : 'NotIn', values: [value] }
    }),
  )
}

const OPERATORS: Readonly<Record<string, Operator>> = {
  '=': 'In',
  '==': 'In',
  in: 'In',
  '!=': 'NotIn',
  notin: 'NotIn',
  exists: 'Exists',
  '!': 'DoesNotExist',
}

function labelRequirements(text: string): readonly Requirement[] {
  return orNone(() =>
    parseLabelSelector(text).requirements.flatMap(({ key, operator, values }): Requirement[] => {
      const known = OPERATORS[operator] // the API has no words for greater and less
      return known === undefined ? [] : [{ key, operator: known, ...(values.length > 0 && { values }) }]
    }),
  )
}

function orNone(read: () => readonly Requirement[]): readonly Requirement[] {
  try {
    return read()
  } catch {
    return []
  }
}

/** The selectors of a review, in the form that requests have them; requirements with operators nobody knows narrow nothing down. */
export function selectorsOf({
  fieldSelector,
  labelSelector,
}: Pick<ResourceAttributes, 'fieldSelector' | 'labelSelector'>): Pick<RequestInfo, 'fieldSelector' | 'labelSelector'> {
  const field = fieldSelector?.rawSelector || fieldText((fieldSelector?.requirements ?? []) as readonly Requirement[])
  const label = labelSelector?.rawSelector || labelText((labelSelector?.requirements ?? []) as readonly Requirement[])
  return { ...(field && { fieldSelector: field }), ...(label && { labelSelector: label }) }
}

function fieldText(requirements: readonly Requirement[]): string {
  const texts = requirements.flatMap(({ key, operator, values = [] }) => {
    // upstream has no way to say more than one value of a field
    const [value] = values
    if (operator === 'Exists') return [`${key}!=`]
    if (operator === 'DoesNotExist') return [`${key}=`]
    if (values.length !== 1) return []
    if (operator === 'In') return [`${key}=${escaped(value!)}`]
    return operator === 'NotIn' ? [`${key}!=${escaped(value!)}`] : []
  })
  return texts.join(',')
}

const escaped = (value: string) => value.replaceAll(/[\\,=]/g, (c) => `\\${c}`)

function labelText(requirements: readonly Requirement[]): string {
  const texts = requirements.flatMap(({ key, operator, values = [] }) => {
    if (operator === 'Exists') return [key]
    if (operator === 'DoesNotExist') return [`!${key}`]
    if (values.length === 0) return []
    const list = `(${values.join(',')})`
    return operator === 'In' ? [`${key} in ${list}`] : operator === 'NotIn' ? [`${key} notin ${list}`] : []
  })
  return texts.join(',')
}

/** What is wrong with the selectors of a review. Operators nobody knows are let through: newer clients may have more. */
export function selectorErrors({ fieldSelector, labelSelector }: ResourceAttributes, path: string): readonly FieldError[] {
  const errors: FieldError[] = []
  const check = (selector: NonNullable<typeof fieldSelector>, at: string, isLabel: boolean) => {
    const { rawSelector = '' } = selector
    const requirements = (selector.requirements ?? []) as readonly Requirement[]
    if (rawSelector !== '' && requirements.length > 0)
      errors.push(invalid(`${at}.rawSelector`, rawSelector, 'may not specified at the same time as requirements'))
    if (rawSelector === '' && requirements.length === 0)
      errors.push(required(`${at}.requirements`, `when ${at} is specified, requirements or rawSelector is required`))
    for (const [index, requirement] of requirements.entries())
      errors.push(...requirementErrors(requirement, `${at}.requirements[${index}]`, isLabel))
  }
  if (fieldSelector) check(fieldSelector, `${path}.fieldSelector`, false)
  if (labelSelector) check(labelSelector as NonNullable<typeof fieldSelector>, `${path}.labelSelector`, true)
  return errors
}

function requirementErrors({ key, operator, values = [] }: Requirement, path: string, isLabel: boolean): readonly FieldError[] {
  const errors: FieldError[] = []
  if (!isLabel && key === '') errors.push(required(`${path}.key`, 'must be specified'))
  if ((operator === 'In' || operator === 'NotIn') && values.length === 0)
    errors.push(required(`${path}.values`, "must be specified when `operator` is 'In' or 'NotIn'"))
  if ((operator === 'Exists' || operator === 'DoesNotExist') && values.length > 0)
    errors.push(forbidden(`${path}.values`, "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"))
  if (isLabel) errors.push(...invalidEach(`${path}.key`, key, qualifiedName(key)))
  return errors
}
