/** Keeps events from drowning the store: so many a second for the server, a namespace, a user, or one source and object. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { configurationOf } from './configuration.ts'
import { AdmissionConfigurationError } from './plugin-choice.ts'
import { refusal } from '#apiserver/endpoints/errors.ts'
import type { Event } from '#api/core/v1/event.ts'
import type { Clock } from '#base/clock.ts'
import { invalid, notSupported, type FieldError } from '#schema/field-error.ts'
import { int32, list, message, opt, string } from '#schema/message.ts'

const NAME = 'k8s.io.kubernetes.plugin.admission.eventratelimit'
const TYPES = ['Server', 'Namespace', 'User', 'SourceAndObject'] as const
const CACHE_SIZE = 4096

class Limit extends message(`${NAME}.Limit`, {
  type: opt(1, string),
  qps: opt(2, int32()),
  burst: opt(3, int32()),
  cacheSize: opt(4, int32()),
}) {}

class Configuration extends message(`${NAME}.Configuration`, {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  limits: opt(3, list(Limit)),
}) {}

interface Bucket {
  tokens: number
  at: number
}

/** Throws AdmissionConfigurationError. */
export function eventRateLimit(parts: { readonly configuration: unknown; readonly clock: Clock }): AdmissionPlugin {
  const { limits = [] } = configurationOf(parts.configuration ?? {}, Configuration, {
    group: 'eventratelimit.admission.k8s.io',
    versions: ['v1alpha1'],
    kind: 'Configuration',
  })
  const errors = configurationErrors(limits)
  if (errors.length > 0) throw new AdmissionConfigurationError(errors.map((e) => e.message).join(', '))
  const limiters = limits.map((limit) => ({ type: limit.type as (typeof TYPES)[number], take: limiter(limit, parts.clock) }))

  return {
    name: 'EventRateLimit',
    operations: ['CREATE', 'UPDATE'],
    validate(request) {
      if (request.resource.kind !== 'Event' || request.dryRun) return
      // every limit counts it, whatever the others say
      const over = limiters.filter(({ type, take }) => !take(keyOf(type, request)))
      const last = over.at(-1)
      if (last === undefined) return
      const message = `Too many requests: limit reached on type ${last.type} for key ${keyOf(last.type, request)}`
      throw refusal({ code: 429, reason: 'TooManyRequests', message })
    },
  }
}

function keyOf(type: (typeof TYPES)[number], { namespace, user, object }: AdmissionRequest): string {
  switch (type) {
    case 'Server':
      return ''
    case 'Namespace':
      return namespace
    case 'User':
      return user.username ?? ''
    case 'SourceAndObject': {
      const { source, involvedObject: about } = object as unknown as Event
      const parts = [source?.component, source?.host, about?.kind, about?.namespace, about?.name, about?.uid, about?.apiVersion]
      return parts.map((part) => part ?? '').join('')
    }
  }
}

/** A bucket for each key, full at first; those not used for longest are forgotten. */
function limiter({ qps = 0, burst = 0, cacheSize }: Limit, clock: Clock): (key: string) => boolean {
  const buckets = new Map<string, Bucket>()
  return (key) => {
    const now = clock.monotonic()
    const bucket = buckets.get(key) ?? { tokens: burst, at: now }
    buckets.delete(key)
    buckets.set(key, bucket)
    if (buckets.size > (cacheSize || CACHE_SIZE)) buckets.delete(buckets.keys().next().value!)
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * qps)
    bucket.at = now
    if (bucket.tokens < 1) return false
    bucket.tokens--
    return true
  }
}

function configurationErrors(limits: readonly Limit[]): readonly FieldError[] {
  if (limits.length === 0) return [invalid('limits', limits, 'must not be empty')]
  return limits.flatMap(({ type = '', qps = 0, burst = 0, cacheSize = 0 }, index) => {
    const at = `limits[${index}]`
    return [
      ...(TYPES.includes(type as never) ? [] : [notSupported(`${at}.type`, type, TYPES)]),
      ...(burst <= 0 ? [invalid(`${at}.burst`, burst, 'must be positive')] : []),
      ...(qps <= 0 ? [invalid(`${at}.qps`, qps, 'must be positive')] : []),
      ...(type !== 'Server' && cacheSize < 0 ? [invalid(`${at}.cacheSize`, cacheSize, 'must not be negative')] : []),
    ]
  })
}
