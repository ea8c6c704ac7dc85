/** What is wrong with the expressions that choose devices: they are compiled as they are written, not when a device is looked for. */

import type { DeviceClass } from '#api/resource/v1/device-class.ts'
import type { DeviceClaim } from '#api/resource/v1/resource-claim.ts'
import type { DeviceSelector } from '#api/resource/v1/device-request.ts'
import { compile, ExpressionError } from '#cel/compile.ts'
import { BOOL, DYN, mapOf, opaque, shownType, STRING, type Type } from '#cel/type.ts'
import { invalid, type FieldError } from '#schema/field-error.ts'

/** What expressions see of a device: its driver, and by domain and name its attributes and capacities. */
const DEVICE: Type = {
  kind: 'object',
  name: 'kubernetes.DRADevice',
  fields: () =>
    new Map<string, Type>([
      ['driver', STRING],
      ['attributes', mapOf(STRING, mapOf(STRING, DYN))],
      ['capacity', mapOf(STRING, mapOf(STRING, opaque('kubernetes.Quantity')))],
      ['allowMultipleAllocations', BOOL],
    ]),
}

const variables = new Map([['device', DEVICE]])

export function classExpressionErrors({ spec }: DeviceClass): readonly FieldError[] {
  return selectorErrors(spec?.selectors, 'spec.selectors')
}

/** `path` of the claim's devices: `spec.devices`, or `spec.spec.devices` of a template. */
export function claimExpressionErrors(devices: DeviceClaim | undefined, path: string): readonly FieldError[] {
  return (devices?.requests ?? []).flatMap(({ exactly, firstAvailable = [] }, index) => [
    ...selectorErrors(exactly?.selectors, `${path}.requests[${index}].exactly.selectors`),
    ...firstAvailable.flatMap(({ selectors }, choice) =>
      selectorErrors(selectors, `${path}.requests[${index}].firstAvailable[${choice}].selectors`),
    ),
  ])
}

/** That an expression is missing is said elsewhere. */
function selectorErrors(selectors: readonly DeviceSelector[] | undefined, path: string): readonly FieldError[] {
  return (selectors ?? []).flatMap(({ cel }, index) => {
    const source = cel?.expression ?? ''
    if (source === '') return []
    try {
      const { type } = compile(source, { variables })
      if (type.kind === 'bool' || type.kind === 'dyn') return []
      const wrong = `must evaluate to bool or the unknown type, not ${shownType(type)}`
      return [invalid(`${path}[${index}].cel.expression`, source, wrong)]
    } catch (error) {
      if (!(error instanceof ExpressionError)) throw error
      return [invalid(`${path}[${index}].cel.expression`, source, error.message)]
    }
  })
}
