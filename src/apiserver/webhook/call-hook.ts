/** Asks one admission webhook about one request, and tells a refusal from a failure to ask. */

import type { Hook } from './admission-hooks.ts'
import { admissionReview, readVerdict, reviewVersion, type Verdict } from './admission-review.ts'
import { WebhookError, type WebhookClient } from './webhook-client.ts'
import type { Status } from '#api/meta/v1/status.ts'
import type { AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { badRequest, internalError, refusal } from '#apiserver/endpoints/errors.ts'
import { answered } from '#apiserver/admission/policy/answered.ts'
import { uuid, type Random } from '#base/random.ts'
import { StatusError } from '#client/client.ts'
import { qualifiedName } from '#schema/names.ts'

export interface HookParts {
  readonly client: WebhookClient
  readonly random: Random
}

/** The webhook could not be asked, or did not answer as it has to; its failure policy decides what that means. */
export class HookFailure extends Error {
  override readonly name = 'HookFailure'
  /** Of the webhook's answer where that was a refusal, else what upstream counts it as. */
  readonly code: number
  constructor(hook: Hook, why: string, cause?: unknown, code = 503) {
    super(`failed calling webhook ${JSON.stringify(hook.webhook.name)}: ${why}`, { cause })
    this.code = (cause instanceof WebhookError ? cause.refusal?.code : undefined) ?? code
  }
}

/** The webhook said no. */
export class HookDenial extends StatusError {}

const SECONDS_DEFAULT = 10
const NO_SIDE_EFFECTS: ReadonlySet<string> = new Set(['None', 'NoneOnDryRun'])

/** Throws `HookFailure`, or a `StatusError` when the webhook refuses. */
export async function callHook(
  hook: Hook,
  request: AdmissionRequest,
  form: ObjectForm,
  requested: ObjectForm,
  mutating: boolean,
  { client, random }: HookParts,
): Promise<Verdict> {
  const { webhook } = hook
  if (request.dryRun && !NO_SIDE_EFFECTS.has(webhook.sideEffects ?? ''))
    throw badRequest(`admission webhook ${JSON.stringify(webhook.name)} does not support dry run`)
  const version = reviewVersion(hook)
  if (version === undefined)
    throw new HookFailure(
      hook,
      'could not create admission objects: webhook does not accept known AdmissionReview versions (v1, v1beta1)',
      undefined,
      400,
    )
  const uid = uuid(random)
  const review = await converted(() => admissionReview(version, uid, request, form, requested))
  const answer = await client
    .call(hook.target, review, {
      timeoutMs: (webhook.timeoutSeconds ?? SECONDS_DEFAULT) * 1000,
      ...(request.signal && { signal: request.signal }),
    })
    .catch((error: unknown) => {
      throw new HookFailure(hook, `failed to call webhook: ${(error as Error).message}`, error)
    })
  let verdict: Verdict
  try {
    verdict = readVerdict(answer, version, uid, mutating)
  } catch (error) {
    throw new HookFailure(hook, `received invalid webhook response: ${(error as Error).message}`, error)
  }
  for (const [key, value] of Object.entries(verdict.auditAnnotations)) {
    const whole = `${webhook.name}/${key}`
    if (qualifiedName(whole).length === 0) request.annotate?.(whole, value)
  }
  for (const text of verdict.warnings) request.warn(text)
  if (!verdict.allowed) throw denial(webhook.name, verdict.result)
  return verdict
}

function denial(webhook: string, result: Status | undefined): HookDenial {
  const by = `admission webhook ${JSON.stringify(webhook)} denied the request`
  const message = result?.message ? `${by}: ${result.message}` : result?.reason ? `${by}: ${result.reason}` : `${by} without explanation`
  const code = (result?.code ?? 0) < 400 ? 400 : result!.code!
  const { status } = refusal({ code, reason: result?.reason ?? '', message, ...(result?.details && { details: result.details }) })
  return new HookDenial(status)
}

/** Objects in other versions may have to be converted by somebody else, which may fail. */
export async function converted<T>(show: () => T): Promise<T> {
  try {
    return await answered(show)
  } catch (error) {
    throw internalError(error)
  }
}

/** The caller has gone or its time is over: nothing is worth going on for. */
export function outOfTime(): StatusError {
  return refusal({
    code: 504,
    reason: 'Timeout',
    message: 'Timeout: request did not complete within requested timeout',
    details: {},
  })
}
