/** Counts how long admission takes, for each plugin and for each of its two steps. */

import type { AdmissionRequest } from '#apiserver/admission/admission.ts'
import type { Clock } from '#base/clock.ts'
import type { Distribution, Metrics } from '#base/metrics.ts'

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5]

export type AdmissionStep = 'admit' | 'validate'

export interface AdmissionTimes {
  now(): number
  /** Of one plugin, or of the step as a whole when there is no name; `start` is what `now` said. Answers with what it says by then. */
  took(name: string | undefined, type: AdmissionStep, operation: AdmissionRequest['operation'], start: number, rejected: boolean): number
}

export function admissionMetrics(metrics: Metrics, clock: Clock): AdmissionTimes {
  const labels = ['type', 'operation', 'rejected']
  const steps = metrics.histogram(
    { name: 'apiserver_admission_step_admission_duration_seconds', help: 'Seconds of all plugins of a step.', labels, stability: 'STABLE' },
    SECONDS,
  )
  const plugins = metrics.histogram(
    {
      name: 'apiserver_admission_controller_admission_duration_seconds',
      help: 'Seconds of one plugin in a step.',
      labels: ['name', ...labels],
      stability: 'STABLE',
    },
    SECONDS,
  )
  const known = new Map<string, Distribution>()
  return {
    now: () => clock.monotonic(),
    took(name, type, operation, start, rejected) {
      const key = `${name ?? ''} ${type} ${operation} ${rejected}`
      let times = known.get(key)
      if (times === undefined) {
        const values = [type, operation, String(rejected)]
        known.set(key, (times = name === undefined ? steps.of(...values) : plugins.of(name, ...values)))
      }
      const end = clock.monotonic()
      times.observe((end - start) / 1000)
      return end
    },
  }
}
