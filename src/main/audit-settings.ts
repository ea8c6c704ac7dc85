/** Auditing as the command line asks for it, with upstream's flags. */

import { readFileSync } from 'node:fs'
import { openAudit, type Audit } from '#apiserver/audit/audit.ts'
import { openBatchingSink, type BatchOptions } from '#apiserver/audit/batching-sink.ts'
import type { AuditSink } from '#apiserver/audit/event.ts'
import { AuditPolicyError, parseAuditPolicy } from '#apiserver/audit/policy.ts'
import { openRotatingLog } from '#apiserver/audit/rotating-log.ts'
import { webhookSink } from '#apiserver/audit/webhook-sink.ts'
import { openWebhookClient, webhookOfKubeconfig } from '#apiserver/webhook/webhook-client.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { settings, UsageError, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { KubeconfigError, loadKubeconfig } from '#client/kubeconfig.ts'
import { durationMs } from '#schema/duration.ts'

const COUNT = { min: 0 } as const

export const auditSettings = settings({
  auditPolicyFile: { type: 'string', flag: 'audit-policy-file', help: 'File that says which requests are logged, and how much of them' },
  auditLogPath: { type: 'string', flag: 'audit-log-path', help: 'File that requests are logged to; - is standard output' },
  auditLogFormat: { type: 'string', flag: 'audit-log-format', help: 'json, or legacy for lines of words', default: 'json' },
  auditLogMode: {
    type: 'string',
    flag: 'audit-log-mode',
    help: 'blocking writes before the answer goes out, blocking-strict does nothing it could not log, batch writes later',
    default: 'blocking',
  },
  auditLogSize: { type: 'int', flag: 'audit-log-maxsize', help: 'MiB of the log before it is turned over; 0: 100', default: 0, ...COUNT },
  auditLogAge: { type: 'int', flag: 'audit-log-maxage', help: 'Days that past logs are kept; 0: for good', default: 0, ...COUNT },
  auditLogBackups: { type: 'int', flag: 'audit-log-maxbackup', help: 'Past logs that are kept; 0: all', default: 0, ...COUNT },
  auditLogCompress: { type: 'bool', flag: 'audit-log-compress', help: 'Compress past logs with gzip' },
  auditWebhook: { type: 'string', flag: 'audit-webhook-config-file', help: 'Kubeconfig of a webhook that requests are logged to' },
  auditWebhookMode: { type: 'string', flag: 'audit-webhook-mode', help: 'batch, blocking or blocking-strict', default: 'batch' },
  auditWebhookBackoff: {
    type: 'string',
    flag: 'audit-webhook-initial-backoff',
    help: 'Before the webhook is asked a second time',
    default: '10s',
  },
  auditWebhookBuffer: {
    type: 'int',
    flag: 'audit-webhook-batch-buffer-size',
    help: 'Events that wait for the webhook; more are lost',
    default: 10_000,
    min: 1,
  },
  auditWebhookBatch: { type: 'int', flag: 'audit-webhook-batch-max-size', help: 'Events sent at once', default: 400, min: 1 },
  auditWebhookWait: {
    type: 'string',
    flag: 'audit-webhook-batch-max-wait',
    help: 'A batch that does not fill goes after this long',
    default: '30s',
  },
  auditWebhookRate: { type: 'int', flag: 'audit-webhook-batch-throttle-qps', help: 'Batches a second, on average', default: 10, min: 1 },
  auditWebhookBurst: {
    type: 'int',
    flag: 'audit-webhook-batch-throttle-burst',
    help: 'Batches at once after a pause',
    default: 15,
    min: 1,
  },
})

const MODES = ['batch', 'blocking', 'blocking-strict'] as const
/** Upstream's for files: batches of one, as a disk gains nothing from larger ones. */
const FILE_BATCHES: BatchOptions = { bufferSize: 10_000, batchSize: 1, waitMs: 0, perSecond: 0, burst: 0 }

export interface AuditProcess extends AsyncDisposable {
  readonly audit: Audit
}

/** Undefined where no log is asked for. Throws `OperatorError` and `UsageError`. */
export function auditOf(
  asked: Values<typeof auditSettings>,
  parts: { readonly clock: Clock; readonly log: Log },
): AuditProcess | undefined {
  const { auditLogPath, auditWebhook, auditPolicyFile } = asked
  if (auditPolicyFile === undefined || (auditLogPath === undefined && auditWebhook === undefined)) return undefined
  const policy = policyIn(auditPolicyFile)
  const closing = new AsyncDisposableStack()
  const sinks: { readonly sink: AuditSink; readonly strict: boolean }[] = []
  const add = (sink: AuditSink, mode: (typeof MODES)[number], batches: BatchOptions) =>
    sinks.push({ sink: mode === 'batch' ? closing.use(openBatchingSink(sink, batches, parts)) : sink, strict: mode === 'blocking-strict' })
  if (auditLogPath !== undefined)
    add(closing.use(fileOf(asked, auditLogPath, parts.clock)), modeOf(asked.auditLogMode, 'audit-log-mode'), FILE_BATCHES)
  if (auditWebhook !== undefined) {
    const client = closing.use(
      openWebhookClient({ clock: parts.clock, resolve: (service) => ({ host: service.name, port: service.port }) }),
    )
    const backoffMs = milliseconds(asked.auditWebhookBackoff, 'audit-webhook-initial-backoff')
    const sink = webhookSink({ client, webhook: webhookIn(auditWebhook), clock: parts.clock, backoffMs })
    add(sink, modeOf(asked.auditWebhookMode, 'audit-webhook-mode'), {
      bufferSize: asked.auditWebhookBuffer,
      batchSize: asked.auditWebhookBatch,
      waitMs: milliseconds(asked.auditWebhookWait, 'audit-webhook-batch-max-wait'),
      perSecond: asked.auditWebhookRate,
      burst: asked.auditWebhookBurst,
    })
  }
  return { audit: openAudit({ policy, sinks, ...parts }), [Symbol.asyncDispose]: () => closing.disposeAsync() }
}

function policyIn(path: string) {
  try {
    return parseAuditPolicy(readFileSync(path, 'utf8'))
  } catch (error) {
    const why = error instanceof AuditPolicyError ? `the audit policy in ${path} cannot be used` : `cannot read the audit policy`
    throw new OperatorError(`${why}: ${(error as Error).message}`, { cause: error })
  }
}

function fileOf(asked: Values<typeof auditSettings>, path: string, clock: Clock) {
  const { auditLogFormat: format } = asked
  if (format !== 'json' && format !== 'legacy')
    throw new UsageError(`invalid argument "${format}" for "--audit-log-format" flag: must be json or legacy`)
  try {
    return openRotatingLog({
      path,
      clock,
      format,
      sizeMaxMebibytes: asked.auditLogSize,
      ageMaxDays: asked.auditLogAge,
      backupsMax: asked.auditLogBackups,
      compress: asked.auditLogCompress,
    })
  } catch (error) {
    throw new OperatorError(`cannot write the audit log: ${(error as Error).message}; name another file with --audit-log-path`, {
      cause: error,
    })
  }
}

function webhookIn(path: string) {
  try {
    return webhookOfKubeconfig(loadKubeconfig(path))
  } catch (error) {
    if (error instanceof KubeconfigError) throw new OperatorError(error.message, { cause: error })
    throw error
  }
}

function modeOf(text: string, flag: string): (typeof MODES)[number] {
  const found = MODES.find((mode) => mode === text)
  if (found === undefined) throw new UsageError(`invalid argument "${text}" for "--${flag}" flag: must be one of ${MODES.join(', ')}`)
  return found
}

function milliseconds(text: string, flag: string): number {
  const ms = durationMs(text)
  if (ms === undefined || ms < 0) throw new UsageError(`invalid argument "${text}" for "--${flag}" flag: expected a duration such as 30s`)
  return ms
}
