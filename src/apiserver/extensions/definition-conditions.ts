/** The conditions of a definition, and what its status should say of names, schemas and approval. */

import { acceptedNames, type ClaimedNames } from './definition-names.ts'
import type {
  CustomResourceDefinition,
  CustomResourceDefinitionCondition as Condition,
} from '#api/apiextensions/v1/custom-resource-definition.ts'
import { structuralErrors } from '#api/apiextensions/v1/structural-rules.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'
import { sameJson } from '#schema/json-patch.ts'

/** Without its time. */
type Judgement = Pick<Condition, 'type' | 'status' | 'reason' | 'message'>
type Status = CustomResourceDefinition['status']

export const CLEANUP_FINALIZER = 'customresourcecleanup.apiextensions.k8s.io'

/** The status as it should be; the same reference where it is so already. */
export function decideStatus(definition: CustomResourceDefinition, claimed: ClaimedNames, now: Instant): Status {
  let { status } = definition
  if (!sameJson(definition.spec.names, status.acceptedNames) || conditionOf(definition, 'NamesAccepted') === undefined)
    status = withNames(definition, claimed, now)
  if (isTrue(status, 'NamesAccepted') && !isTrue(status, 'Established'))
    status = withCondition(status, judgement('Established', 'True', 'InitialNamesAccepted', 'the initial names have been accepted'), now)
  const violations = structuralViolations(definition)
  status =
    violations === undefined
      ? withoutCondition(status, 'NonStructuralSchema')
      : withCondition(status, judgement('NonStructuralSchema', 'True', 'Violations', violations), now)
  const approval = approvalOf(definition)
  return approval === undefined ? status : withCondition(status, approval, now)
}

function withNames(definition: CustomResourceDefinition, claimed: ClaimedNames, now: Instant): Status {
  const { names, conflict } = acceptedNames(definition, claimed)
  const named: Status = sameJson(names, definition.status.acceptedNames)
    ? definition.status
    : { ...definition.status, acceptedNames: names }
  const accepted = conflict
    ? judgement('NamesAccepted', 'False', conflict.reason, conflict.message)
    : judgement('NamesAccepted', 'True', 'NoConflicts', 'no conflicts found')
  const status = withCondition(named, accepted, now)
  if (conflict === undefined || conditionOf(definition, 'Established') !== undefined) return status
  return withCondition(status, judgement('Established', 'False', 'NotAccepted', 'not all names are accepted'), now)
}

export function judgement(type: string, status: 'True' | 'False', reason: string, message: string): Judgement {
  return { type, status, reason, message }
}

export function conditionOf({ status }: Pick<CustomResourceDefinition, 'status'>, type: string): Condition | undefined {
  return status.conditions?.find((c) => c.type === type)
}

export function isTrue(status: Status, type: string): boolean {
  return conditionOf({ status }, type)?.status === 'True'
}

/** Its time moves with its status only. */
export function withCondition(status: Status, judged: Judgement, now: Instant): Status {
  const conditions = status.conditions ?? []
  const known = conditions.find((c) => c.type === judged.type)
  if (known?.status === judged.status && known?.reason === judged.reason && known?.message === judged.message) return status
  const lastTransitionTime = known?.status === judged.status ? (known.lastTransitionTime ?? timestamp(now)) : timestamp(now)
  const { type, status: holds, reason = '', message = '' } = judged
  const next: Condition = { ...known, type, status: holds, lastTransitionTime, reason, message }
  return { ...status, conditions: known ? conditions.map((c) => (c === known ? next : c)) : [...conditions, next] }
}

function withoutCondition(status: Status, type: string): Status {
  if (conditionOf({ status }, type) === undefined) return status
  return { ...status, conditions: status.conditions!.filter((c) => c.type !== type) }
}

/** Definitions from before schemas had to be structural may still be stored. */
function structuralViolations({ spec }: CustomResourceDefinition): string | undefined {
  const errors: FieldError[] = []
  if (spec.preserveUnknownFields) errors.push(invalid('spec.preserveUnknownFields', true, 'must be false'))
  for (const [index, { schema }] of (spec.versions ?? []).entries())
    if (schema?.openAPIV3Schema) errors.push(...structuralErrors(schema.openAPIV3Schema, `spec.versions[${index}].schema.openAPIV3Schema`))
  const texts = [...new Set(errors.map((error) => error.message))]
  return texts.length === 0 ? undefined : texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
}

const APPROVED = 'api-approved.kubernetes.io'
const APPROVAL_PAGE = 'https://github.com/kubernetes/enhancements/pull/1111'

/** Groups of the project itself are for kinds that the project has reviewed. */
function approvalOf({ metadata, spec }: CustomResourceDefinition): Judgement | undefined {
  if (!/(^|\.)(k8s|kubernetes)\.io$/.test(spec.group)) return undefined
  const type = 'KubernetesAPIApprovalPolicyConformant'
  const annotation = metadata.annotations?.[APPROVED] ?? ''
  const wanted = `protected groups must have approval annotation ${JSON.stringify(APPROVED)}`
  if (annotation === '') return judgement(type, 'False', 'MissingAnnotation', `${wanted}, see ${APPROVAL_PAGE}`)
  if (annotation.startsWith('unapproved'))
    return judgement(type, 'False', 'UnapprovedAnnotation', `not approved: ${JSON.stringify(annotation)}`)
  if (URL.canParse(annotation) && new URL(annotation).host !== '')
    return judgement(type, 'True', 'ApprovedAnnotation', `approved in ${annotation}`)
  return judgement(
    type,
    'False',
    'InvalidAnnotation',
    `${wanted} with either a URL or a reason starting with "unapproved", see ${APPROVAL_PAGE}`,
  )
}
