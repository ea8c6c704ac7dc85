/** Counts what validating policies decided, under upstream's names. */

import type { Metrics } from '#base/metrics.ts'

const SECONDS = [0.0000005, 0.001, 0.01, 0.1, 1]

export type PolicyAction = 'allow' | 'deny' | 'audit' | 'warn'

export interface PolicyCounts {
  /** What was done about a validation; `problem` is why it could not be evaluated. What simply holds is not counted. */
  decided(action: PolicyAction, policy: string, binding: string, problem: string | undefined, seconds: number): void
}

export function policyMetrics(metrics: Metrics): PolicyCounts {
  const labels = ['policy', 'policy_binding', 'error_type', 'enforcement_action']
  const name = 'apiserver_validating_admission_policy_check'
  const checks = metrics.counter({ name: `${name}_total`, help: 'Validations of policies that did not hold.', labels, stability: 'BETA' })
  const times = metrics.histogram(
    { name: `${name}_duration_seconds`, help: 'Seconds of policies with validations that did not hold.', labels, stability: 'BETA' },
    SECONDS,
  )
  return {
    decided(action, policy, binding, problem, seconds) {
      const values = [policy, binding, errorType(problem), action] as const
      checks.of(...values).inc()
      times.of(...values).observe(seconds)
    },
  }
}

function errorType(problem: string | undefined): string {
  if (problem === undefined) return 'no_error'
  if (problem.startsWith('compilation')) return 'compile_error'
  return problem.startsWith('validation failed due to running out of cost budget') ? 'out_of_budget' : 'invalid_error'
}
