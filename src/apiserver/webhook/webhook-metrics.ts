/** Counts how admission webhooks do: how long they take, what they refuse, and how they fail. */

import type { Hook } from './admission-hooks.ts'
import { HookDenial, HookFailure } from './call-hook.ts'
import type { AdmissionRequest } from '#apiserver/admission/admission.ts'
import type { Clock } from '#base/clock.ts'
import type { Metrics } from '#base/metrics.ts'

/** Runs `work`, which asks the webhook, and notes how it ended. */
export type WatchHook = <T>(hook: Hook, request: AdmissionRequest, work: () => Promise<T>) => Promise<T>

const SECONDS = [0.005, 0.025, 0.1, 0.5, 1, 2.5, 10, 25]
const CODE_MAX = 600 // codes beyond are counted as this one, so that no webhook can make a series of every number

interface Outcome {
  readonly code: number
  readonly rejected: boolean
  /** Absent where nothing was rejected. */
  readonly error?: 'calling_webhook_error' | 'apiserver_internal_error' | 'no_error'
  readonly failedOpen?: boolean
}

export type HookMetrics = (type: 'admit' | 'validating') => WatchHook

export function hookMetrics(metrics: Metrics, clock: Clock): HookMetrics {
  const durations = metrics.histogram(
    {
      name: 'apiserver_admission_webhook_admission_duration_seconds',
      help: 'Seconds that a webhook took.',
      labels: ['name', 'type', 'operation', 'rejected'],
      stability: 'STABLE',
    },
    SECONDS,
  )
  const requests = metrics.counter({
    name: 'apiserver_admission_webhook_request_total',
    help: 'Requests that a webhook was asked about, by what came of it.',
    labels: ['name', 'type', 'operation', 'code', 'rejected'],
  })
  const rejections = metrics.counter({
    name: 'apiserver_admission_webhook_rejection_count',
    help: 'Requests that were refused because of a webhook, by its own answer or because it failed.',
    labels: ['name', 'type', 'operation', 'error_type', 'rejection_code'],
  })
  const failedOpen = metrics.counter({
    name: 'apiserver_admission_webhook_fail_open_count',
    help: 'Failures of a webhook that were ignored, as its configuration wants.',
    labels: ['name', 'type'],
  })
  return (type) =>
    async (hook, { operation }, work) => {
      const { name } = hook.webhook
      const start = clock.monotonic()
      const note = ({ code, rejected, error, failedOpen: open }: Outcome) => {
        const shown = String(Math.min(code, CODE_MAX))
        durations.of(name, type, operation, String(rejected)).observe((clock.monotonic() - start) / 1000)
        requests.of(name, type, operation, shown, String(rejected)).inc()
        if (error) rejections.of(name, type, operation, error, shown).inc()
        if (open) failedOpen.of(name, type).inc()
      }
      try {
        const done = await work()
        note({ code: 200, rejected: false })
        return done
      } catch (error) {
        note(outcomeOf(error, hook))
        throw error
      }
    }
}

function outcomeOf(error: unknown, { webhook }: Hook): Outcome {
  if (error instanceof HookDenial) return { code: error.code, rejected: true, error: 'no_error' }
  if (!(error instanceof HookFailure)) return { code: 0, rejected: true, error: 'apiserver_internal_error' }
  if (webhook.failurePolicy === 'Ignore') return { code: error.code, rejected: false, failedOpen: true }
  return { code: error.code, rejected: true, error: 'calling_webhook_error' }
}
