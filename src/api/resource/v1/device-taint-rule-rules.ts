/** The rules of taints that administrators put on devices. */

import { EFFECTS } from './claim-rules.ts'
import { labelErrors, poolNameErrors } from './device-names.ts'
import type { DeviceTaintRule } from './device-taint-rule.ts'
import { driverNameErrors } from '#api/core/v1/persistent-volume-rules.ts'
import { conditionsErrors } from '#api/meta/v1/condition-rules.ts'
import { invalidEach, notSupported, required, tooMany, type FieldError } from '#schema/field-error.ts'
import { labelValue, qualifiedName } from '#schema/names.ts'

const CONDITIONS_MAX = 8

export function taintRuleErrors({ spec }: DeviceTaintRule): FieldError[] {
  const { driver, pool, device } = spec?.deviceSelector ?? {}
  const { key = '', value = '', effect = '' } = spec?.taint ?? {}
  const at = 'spec.deviceSelector'
  return [
    ...(driver === undefined ? [] : driverNameErrors(driver, `${at}.driver`)),
    ...(pool === undefined ? [] : poolNameErrors(pool, `${at}.pool`)),
    ...(device === undefined ? [] : labelErrors(device, `${at}.device`)),
    ...invalidEach('spec.taint.key', key, qualifiedName(key)),
    ...invalidEach('spec.taint.value', value, labelValue(value)),
    ...(effect === ''
      ? [required('spec.taint.effect')]
      : EFFECTS.includes(effect)
        ? []
        : [notSupported('spec.taint.effect', effect, EFFECTS)]),
  ]
}

export function taintRuleUpdateErrors(
  { status }: DeviceTaintRule,
  _old: DeviceTaintRule,
  _path: string,
  subresource: string | undefined,
): FieldError[] {
  if (subresource !== 'status') return []
  const conditions = status?.conditions ?? []
  const path = 'status.conditions'
  return [
    ...conditionsErrors(conditions, path),
    ...(conditions.length > CONDITIONS_MAX ? [tooMany(path, conditions.length, CONDITIONS_MAX)] : []),
  ]
}
