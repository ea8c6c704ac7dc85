/** Workloads lose from their pods' templates what pods themselves would lose: members whose feature is off by default. */

import { withoutDisabled } from './pod-preparation.ts'
import type { Stored, Strategy } from '../strategy.ts'
import type { PodSpec } from '#api/core/v1/pod.ts'

/** Where kinds have their template: `spec.template`, `spec.jobTemplate.spec.template`, or `template`. */
type TemplatePath = 'spec' | 'jobTemplate' | 'object'

const STEPS: Readonly<Record<TemplatePath, readonly string[]>> = {
  spec: ['spec', 'template', 'spec'],
  jobTemplate: ['spec', 'jobTemplate', 'spec', 'template', 'spec'],
  object: ['template', 'spec'],
}

/** The strategy, with templates prepared before it has its say. */
export function preparingTemplate<T extends Stored>(path: TemplatePath, strategy: Strategy<T>): Strategy<T> {
  const steps = STEPS[path]
  return {
    ...strategy,
    prepareCreate(object, write) {
      const prepared = prepare(object, undefined, steps)
      return strategy.prepareCreate?.(prepared, write) ?? prepared
    },
    prepareUpdate(object, old, write) {
      const prepared = prepare(object, old, steps)
      return strategy.prepareUpdate?.(prepared, old, write) ?? prepared
    },
  }
}

/** The same object where nothing goes. */
function prepare<T>(object: T, old: unknown, [step, ...rest]: readonly string[]): T {
  if (step === undefined) return withoutDisabled(object as PodSpec, old as PodSpec | undefined) as T
  const value = (object as Record<string, unknown>)[step]
  if (value === undefined || value === null) return object
  const prepared = prepare(value, (old as Record<string, unknown> | undefined)?.[step], rest)
  return prepared === value ? object : { ...object, [step]: prepared }
}
