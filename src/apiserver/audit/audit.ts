/** Auditing: follows a request through its stages and logs of each what the policy asks for. */

import type { AuditEvent, AuditSink, ObjectRef } from './event.ts'
import { decideAudit, reaches, type AuditDecision, type AuditPolicy, type AuditStage } from './policy.ts'
import type { Answer } from '#apiserver/answer.ts'
import { listValue } from '#apiserver/encode/encode.ts'
import { isLongRunning } from '#apiserver/filters/request-info.ts'
import type { AuditNotes, RequestContext } from '#apiserver/request-context.ts'
import { microTimestamp, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'

export interface Audit {
  /** Once it is known who asks. Undefined where the policy has no interest in the request. */
  begin(context: RequestContext): AuditTrail | undefined
  /** Of a request whose credentials were no good. */
  unauthenticated(context: RequestContext, message: string): Promise<void>
}

/** One request under audit. */
export interface AuditTrail {
  readonly notes: AuditNotes
  /** Before anything is done. Rejects only where the log may not have gaps and could not be written. */
  received(): Promise<void>
  /** The answer to be given: one that goes on is logged a second time when it ends. */
  answered(answer: Answer, status: number): Promise<Answer>
}

export interface AuditParts {
  readonly policy: AuditPolicy
  /** `strict`: what cannot be logged is not done. */
  readonly sinks: readonly { readonly sink: AuditSink; readonly strict: boolean }[]
  readonly clock: Clock
  readonly log: Log
}

export function openAudit({ policy, sinks, clock, log }: AuditParts): Audit {
  async function write(event: AuditEvent): Promise<void> {
    for (const { sink, strict } of sinks)
      try {
        await sink.write([event])
      } catch (error) {
        log.error('audit event not logged', { auditID: event.auditID, stage: event.stage, error })
        if (strict && event.stage === 'RequestReceived') throw error
      }
  }
  return {
    begin(context) {
      const decision = decideAudit(policy, context.user, context.info)
      return decision.level === 'None' ? undefined : trailOf(context, decision, clock, write)
    },
    async unauthenticated(context, message) {
      const decision = decideAudit(policy, context.user, context.info)
      if (decision.level === 'None' || decision.omitStages.includes('ResponseStarted')) return
      const responseStatus = { metadata: {}, status: 'Failure', message, reason: 'Unauthorized', code: 401 }
      await write({
        ...firstEvent(context, decision),
        stage: 'ResponseStarted',
        stageTimestamp: microTimestamp(clock.now()),
        responseStatus,
      })
    },
  }
}

function trailOf(context: RequestContext, decision: AuditDecision, clock: Clock, write: (event: AuditEvent) => Promise<void>): AuditTrail {
  let event = firstEvent(context, decision)
  const annotations: Record<string, string> = {}
  const emit = async (stage: AuditStage) => {
    if (decision.omitStages.includes(stage)) return
    const noted = Object.keys(annotations).length > 0 && { annotations: { ...annotations } }
    await write({ ...event, stage, stageTimestamp: microTimestamp(clock.now()), ...noted })
  }
  return {
    notes: {
      annotate(key, value) {
        annotations[key] ??= value
      },
      impersonates(user, constraint) {
        const authenticationMetadata = constraint === undefined ? undefined : { impersonationConstraint: constraint }
        event = { ...event, impersonatedUser: user, ...(authenticationMetadata && { authenticationMetadata }) }
      },
      request(object) {
        event = { ...event, ...(event.objectRef && { objectRef: named(event.objectRef, object) }) }
        if (reaches(decision.level, 'Request')) event = { ...event, requestObject: shown(object, decision) }
      },
    },
    received: () => emit('RequestReceived'),
    async answered(answer, status) {
      event = { ...event, responseStatus: statusOf(answer, status) }
      if (reaches(decision.level, 'RequestResponse')) {
        const object = objectOf(answer)
        if (object !== undefined) event = { ...event, responseObject: shown(object, decision) }
      }
      if (!isLongRunning(context.info)) {
        await emit('ResponseComplete')
        return answer
      }
      await emit('ResponseStarted')
      return untilItEnds(answer, () => emit('ResponseComplete'))
    },
  }
}

type Started = Omit<AuditEvent, 'stage' | 'stageTimestamp'>

function firstEvent(context: RequestContext, { level }: AuditDecision): Started {
  const { info, query, headers, peer, user } = context
  const text = query.toString()
  return {
    kind: 'Event',
    level,
    apiVersion: 'audit.k8s.io/v1',
    auditID: context.auditId ?? '',
    requestURI: text === '' ? context.path : `${context.path}?${text}`,
    verb: info.verb,
    user,
    sourceIPs: sourcesOf(headers, peer.type === 'network' ? peer.address : '::1'),
    ...(headers['user-agent'] && { userAgent: headers['user-agent'] }),
    ...(info.isResourceRequest && { objectRef: referenceOf(info) }),
    requestReceivedTimestamp: microTimestamp(context.received),
  }
}

/** The addresses proxies tell of, then the one that connected. */
function sourcesOf(headers: RequestContext['headers'], address: string): readonly string[] {
  const told = (headers['x-forwarded-for'] ?? '').split(/[,\n]/).map((part) => part.trim())
  return [...new Set([...told, (headers['x-real-ip'] ?? '').trim(), address])].filter((part) => part !== '')
}

function referenceOf({ resource, namespace, name, group, version, subresource }: RequestContext['info']): ObjectRef {
  return {
    resource,
    ...(namespace !== '' && { namespace }),
    ...(name !== '' && { name }),
    ...(group !== '' && { apiGroup: group }),
    apiVersion: version,
    ...(subresource !== '' && { subresource }),
  }
}

/** What the path does not say of the object, the object does. */
function named(reference: ObjectRef, object: unknown): ObjectRef {
  const { metadata } = (object ?? {}) as { readonly metadata?: Readonly<Record<string, unknown>> }
  if (typeof metadata !== 'object' || metadata === null) return reference
  const missing = (['namespace', 'name', 'uid', 'resourceVersion'] as const).flatMap((key) =>
    reference[key] === undefined && typeof metadata[key] === 'string' && metadata[key] !== '' ? [[key, metadata[key]] as const] : [],
  )
  return missing.length === 0 ? reference : { ...reference, ...Object.fromEntries(missing) }
}

/** The object as it is logged; lists lose the owners of their items too. */
function shown(object: unknown, { omitManagedFields }: AuditDecision): unknown {
  if (!omitManagedFields || typeof object !== 'object' || object === null) return object
  const { metadata, items } = object as { readonly metadata?: { readonly managedFields?: unknown }; readonly items?: readonly unknown[] }
  if (Array.isArray(items)) return { ...object, items: items.map((item) => shown(item, { omitManagedFields } as AuditDecision)) }
  if (metadata?.managedFields === undefined) return object
  const { managedFields: _, ...kept } = metadata
  return { ...object, metadata: kept }
}

function statusOf(answer: Answer, code: number): object {
  const { kind, status, message, reason, details } = (answer.type === 'object' ? answer.object : {}) as Readonly<Record<string, unknown>>
  if (kind !== 'Status') return { metadata: {}, code }
  return {
    metadata: {},
    ...(status !== undefined && { status }),
    ...(message !== undefined && { message }),
    ...(reason !== undefined && { reason }),
    ...(details !== undefined && { details }),
    code,
  }
}

function objectOf(answer: Answer): unknown {
  if (answer.type === 'object') return answer.object
  return answer.type === 'list' ? listValue(answer) : undefined
}

/** The same answer, with `ended` called once its stream is over, however that came. */
function untilItEnds(answer: Answer, ended: () => Promise<void>): Answer {
  switch (answer.type) {
    case 'watch':
      return { ...answer, events: followed(answer.events, ended) }
    case 'bytes':
      if (typeof answer.body === 'string' || answer.body instanceof Uint8Array) break
      return { ...answer, body: followed(answer.body, ended) }
    case 'upgrade':
      return {
        ...answer,
        connect: async (client, head) => {
          try {
            await answer.connect(client, head)
          } finally {
            await ended()
          }
        },
      }
    case 'object':
    case 'list':
      break
    default:
      return answer satisfies never
  }
  void ended()
  return answer
}

async function* followed<T>(stream: AsyncIterable<T>, ended: () => Promise<void>): AsyncIterable<T> {
  try {
    yield* stream
  } finally {
    await ended()
  }
}

/** The sorts of credentials a request came with, as upstream tells of them when none was good. */
export function attemptedMethods(headers: RequestContext['headers'], peer: RequestContext['peer']): string {
  const authorization = (headers['authorization'] ?? '').split(' ')
  const methods = [
    ...(authorization.length > 1 ? [authorization[0]!.toLowerCase()] : []),
    ...(headers['sec-websocket-protocol']?.includes('base64url.bearer.authorization.k8s.io.') ? ['access_token'] : []),
    ...(peer.type === 'network' && peer.certificate ? ['x509'] : []),
  ]
  return methods.length === 0 ? 'Authentication failed, no credentials provided' : `Authentication failed, attempted: ${methods.join(', ')}`
}
