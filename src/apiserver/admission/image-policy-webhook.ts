/** Asks a webhook whether a pod's images may run. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { decodedAs } from './configuration.ts'
import { AdmissionConfigurationError } from './plugin-choice.ts'
import { refused } from './refused.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { webhookOfKubeconfig, WebhookError, type WebhookClient } from '#apiserver/webhook/webhook-client.ts'
import { sleep, type Clock } from '#base/clock.ts'
import { KubeconfigError, loadKubeconfig } from '#client/kubeconfig.ts'
import { bool, int64, message, opt, string, val } from '#schema/message.ts'

const NAME = 'k8s.io.kubernetes.plugin.admission.imagepolicy'
const API_VERSION = 'imagepolicy.k8s.io/v1alpha1'
const AUDIT_PREFIX = 'imagepolicywebhook.image-policy.k8s.io/'
const CALL_TIMEOUT_MS = 30_000
const TRIES = 5
const KEPT_MAX = 1024 // answers, by what was asked

class ImagePolicy extends message(`${NAME}.ImagePolicy`, {
  kubeConfigFile: opt(1, string),
  /** Seconds; -1 keeps no answer. */
  allowTTL: opt(2, int64()),
  denyTTL: opt(3, int64()),
  /** Milliseconds. */
  retryBackoff: opt(4, int64()),
  defaultAllow: opt(5, bool),
}) {}

class Configuration extends message(`${NAME}.Configuration`, { imagePolicy: val(1, ImagePolicy) }) {}

interface Verdict {
  readonly allowed: boolean
  readonly reason?: string
  readonly auditAnnotations?: Readonly<Record<string, string>>
}

/** Throws AdmissionConfigurationError. */
export function imagePolicyWebhook(parts: {
  readonly configuration: unknown
  readonly client: WebhookClient
  readonly clock: Clock
}): AdmissionPlugin {
  const { clock, client } = parts
  const {
    kubeConfigFile = '',
    allowTTL,
    denyTTL,
    retryBackoff,
    defaultAllow,
  } = decodedAs(parts.configuration ?? {}, Configuration).imagePolicy
  const keepAllowedMs = within('allow TTL', allowTTL, 1000, { standard: 300_000, least: 1000, most: 1_800_000 })
  const keepDeniedMs = within('deny TTL', denyTTL, 1000, { standard: 30_000, least: 1000, most: 1_800_000 })
  const backoffMs = within('retry backoff', retryBackoff, 1, { standard: 500, least: 1, most: 300_000 })
  const webhook = webhookAt(kubeConfigFile)
  const kept = new Map<string, { readonly verdict: Verdict; readonly until: number }>()

  async function verdictOn(spec: object, signal: AbortSignal | undefined): Promise<Verdict> {
    const key = JSON.stringify(spec)
    const known = kept.get(key)
    if (known !== undefined && known.until > clock.monotonic()) return known.verdict
    const verdict = await ask({ apiVersion: API_VERSION, kind: 'ImageReview', metadata: {}, spec }, signal)
    kept.delete(key)
    kept.set(key, { verdict, until: clock.monotonic() + (verdict.allowed ? keepAllowedMs : keepDeniedMs) })
    if (kept.size > KEPT_MAX) kept.delete(kept.keys().next().value!)
    return verdict
  }

  async function ask(review: object, signal: AbortSignal | undefined): Promise<Verdict> {
    for (let tries = 1, waitMs = backoffMs; ; tries++, waitMs *= 1.5) {
      try {
        const answer = (await client.call(webhook, review, { timeoutMs: CALL_TIMEOUT_MS, ...(signal && { signal }) })) as {
          readonly status?: Partial<Verdict>
        } | null
        return { ...answer?.status, allowed: answer?.status?.allowed === true }
      } catch (error) {
        const passing = error instanceof WebhookError && ['unreachable', 'timeout', 'status'].includes(error.failure)
        if (!passing || tries === TRIES) throw error
        await sleep(clock, waitMs)
      }
    }
  }

  return {
    name: 'ImagePolicyWebhook',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      const { resource, subresource, namespace, object, annotate, signal } = request
      if (resource.group !== '' || resource.plural !== 'pods' || !['', 'ephemeralcontainers'].includes(subresource)) return
      const pod = object as unknown as Pod
      let verdict: Verdict
      try {
        verdict = await verdictOn(reviewSpec(pod, namespace), signal)
      } catch (error) {
        if (!(error instanceof WebhookError)) throw error
        if (defaultAllow === true) return annotate?.(`${AUDIT_PREFIX}failed-open`, 'true')
        throw refused(request as AdmissionRequest, error.message)
      }
      for (const [key, value] of Object.entries(verdict.auditAnnotations ?? {})) annotate?.(AUDIT_PREFIX + key, value)
      if (verdict.allowed) return
      throw refused(
        request as AdmissionRequest,
        verdict.reason
          ? `image policy webhook backend denied one or more images: ${verdict.reason}`
          : 'one or more images rejected by webhook backend',
      )
    },
  }
}

/** The images, and the annotations that are meant for the webhook. */
function reviewSpec({ metadata, spec }: Pod, namespace: string): object {
  const debug = (spec.ephemeralContainers ?? []) as unknown as readonly Container[]
  const containers = [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...debug].map(({ image }) => ({ image: image ?? '' }))
  const meant = Object.entries(metadata.annotations ?? {}).filter(([key]) => key.includes('.image-policy.k8s.io/'))
  return { containers, ...(meant.length > 0 && { annotations: Object.fromEntries(meant) }), namespace }
}

function webhookAt(path: string) {
  try {
    return webhookOfKubeconfig(loadKubeconfig(path))
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error
    throw new AdmissionConfigurationError(error.message, { cause: error })
  }
}

function within(
  what: string,
  given: number | undefined,
  unitMs: number,
  { standard, least, most }: { readonly standard: number; readonly least: number; readonly most: number },
): number {
  if (given === -1) return 0
  if (!given) return standard
  const ms = given * unitMs
  if (ms < least || ms > most)
    throw new AdmissionConfigurationError(`valid value is between ${least}ms and ${most}ms, got ${what} of ${ms}ms`)
  return ms
}
