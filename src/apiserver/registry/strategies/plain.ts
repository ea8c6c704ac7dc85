/** Strategies that are a line or two: what differs from the generic rules, kind by kind. */

import { nameWarnings } from './name-warnings.ts'
import type { Strategy } from '../strategy.ts'
import { strictEventErrors, strictEventUpdateErrors } from '#api/core/v1/event-rules.ts'
import type { Event } from '#api/core/v1/event.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { statusFacet } from '../update.ts'
import { timestamp } from '#base/clock.ts'

type StoredEvent = Event & { spec?: never; status?: never }

export const EVENT_TTL_MS = 3_600_000 // upstream's --event-ttl

export const generic: Strategy = {}
export const deploymentStrategy: Strategy = { generation: 'spec and annotations', warnings: nameWarnings }
export const replicaSetStrategy: Strategy = { generation: 'spec', warnings: nameWarnings }
/** Older clients expect pods to stay when their controller goes. */
export const replicationControllerStrategy: Strategy = { generation: 'spec', dependents: 'orphan', warnings: nameWarnings }
export const generationFromAll: Strategy = { generation: 'all but metadata', unconditionalUpdate: false }
export const createdByPut: Strategy = { createOnUpdate: true }
export const leaseStrategy: Strategy = { createOnUpdate: true, unconditionalUpdate: false }
/** Who speaks events.k8s.io/v1 is held to more than core's clients ever were. */
export const eventStrategy: Strategy<StoredEvent> = {
  createOnUpdate: true,
  dependents: 'unsupported',
  timeToLiveMs: EVENT_TTL_MS,
  validateCreate: (event, { apiVersion }) => (apiVersion === 'events.k8s.io/v1' ? strictEventErrors(event) : []),
  validateUpdate: (event, old, { apiVersion }) => (apiVersion === 'events.k8s.io/v1' ? strictEventUpdateErrors(event, old) : []),
}
/** A kubelet registers with the status it already knows. */
export const nodeStrategy: Strategy = { initialStatus: 'as given' }
/** Of a reference to a secret, only the name counts: it lies beside the account. */
export const serviceAccountStrategy: Strategy<ServiceAccount & { spec?: never; status?: never }> = {
  unconditionalUpdate: false,
  returnsDeleted: true,
  prepareCreate: withNamesOnly,
  prepareUpdate: withNamesOnly,
  warnings: ({ metadata }, old) =>
    metadata.annotations?.[MOUNTABLE_ONLY] === 'true' && old?.metadata.annotations?.[MOUNTABLE_ONLY] !== 'true'
      ? [`metadata.annotations[${MOUNTABLE_ONLY}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`]
      : [],
}

const MOUNTABLE_ONLY = 'kubernetes.io/enforce-mountable-secrets'

function withNamesOnly<A extends ServiceAccount>(account: A): A {
  return account.secrets ? { ...account, secrets: account.secrets.map(({ name }) => ({ ...(name && { name }) })) } : account
}

export const returnsDeleted: Strategy = { returnsDeleted: true }
export const disruptionBudgetStrategy: Strategy = { generation: 'spec', unconditionalUpdate: false }

/** `stringData` is a way to write, never stored. */
export const secretStrategy: Strategy<Secret & { spec?: never; status?: never }> = {
  prepareCreate: withoutStringData,
  prepareUpdate: withoutStringData,
}

function withoutStringData<S extends Secret>(secret: S): S {
  const { stringData, ...rest } = secret
  if (stringData === undefined) return secret
  const written = Object.fromEntries(Object.entries(stringData).map(([key, text]) => [key, Buffer.from(text, 'utf8').toString('base64')]))
  return { ...rest, data: { ...secret.data, ...written } } as unknown as S
}

type Request = CertificateSigningRequest & {
  readonly spec: Readonly<Record<string, unknown>>
  readonly status: Readonly<Record<string, unknown>>
}

/** Who asks is the server's to say, not the request's. */
export const certificateSigningRequestStrategy: Strategy<Request> = {
  prepareCreate(request, { user }) {
    const { username: _, uid: __, groups: ___, extra: ____, ...asked } = request.spec
    const spec = {
      ...asked,
      ...(user.username && { username: user.username }),
      ...(user.uid && { uid: user.uid }),
      ...(user.groups?.length && { groups: user.groups }),
      ...(user.extra && Object.keys(user.extra).length > 0 && { extra: user.extra }),
    }
    return { ...request, spec }
  },
  prepareUpdate: (request, old) => ({ ...request, spec: old.spec }),
}

type Condition = NonNullable<CertificateSigningRequest['status']['conditions']>[number]
const DECISIONS = new Set(['Approved', 'Denied'])

/** The approval path decides (Approved, Denied); the status path signs or fails; neither touches the other's part. */
export const approvalFacet = {
  ...statusFacet<Request>((request, old, { now }) => {
    const { conditions, ...others } = old.status
    return { ...request, status: { ...others, ...conditionsOf(request.status.conditions, conditions, now) } }
  }),
  subresource: 'approval',
}

export const certificateStatusFacet = statusFacet<Request>((request, old, { now }) => {
  const { conditions, ...others } = request.status
  return {
    ...request,
    status: { ...others, ...conditionsOf(withDecisions(conditions, old.status.conditions), old.status.conditions, now) },
  }
})

/** Decisions are as they were, in the places the request has them; those it adds or leaves out are for validation to refuse. */
function withDecisions(wanted: readonly Condition[] | undefined, old: readonly Condition[] | undefined): readonly Condition[] | undefined {
  return wanted?.map((condition) => (DECISIONS.has(condition.type) && old?.find((o) => o.type === condition.type)) || condition)
}

function conditionsOf(wanted: readonly Condition[] | undefined, old: readonly Condition[] | undefined, now: number) {
  if (wanted === undefined) return {}
  const at = timestamp(now)
  return {
    conditions: wanted.map((condition) => {
      const before = old?.find((o) => o.type === condition.type)
      return {
        ...condition,
        lastUpdateTime: condition.lastUpdateTime ?? at,
        lastTransitionTime:
          condition.lastTransitionTime ?? (before?.status === condition.status ? before.lastTransitionTime : undefined) ?? at,
      }
    }),
  }
}
