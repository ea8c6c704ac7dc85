/** Admission: plugins that may change (`admit`) or refuse (`validate`) a write before it is stored. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Message } from '#schema/message.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

/** A write under way. Objects are immutable; `admit` answers with a changed copy. */
export interface AdmissionRequest<T extends KubeObject = KubeObject> {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT'
  readonly resource: Resource<T>
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Absent on DELETE. For subresources with a kind of their own (eviction, token) it is that kind's object. */
  readonly object?: T
  readonly oldObject?: T
  readonly user: UserInfo
  readonly dryRun: boolean
  readonly warn: (text: string) => void
  /** Leaves an annotation in the audit log. */
  readonly annotate?: (key: string, value: string) => void
  /** CreateOptions, UpdateOptions or DeleteOptions as the caller gave them, apiVersion and kind set; absent on CONNECT. */
  readonly options?: object
  /** The versions in which the object can be shown, the one that the caller speaks first; absent: only that of `resource`. */
  readonly forms?: () => readonly ObjectForm[]
  /** Aborts when the caller has gone or the deadline passed. */
  readonly signal?: AbortSignal
  /** Present in `admit`, whose plugins may all be asked a second time. */
  readonly reinvocation?: Reinvocation
}

/** The object of a request in one version of the API. `request.object` and `oldObject` are in the stored form. */
export interface ObjectForm {
  readonly resource: { readonly group: string; readonly version: string; readonly resource: string }
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  /** Throws `AnswerPending` where it takes time: await that and ask again. So does `read`. */
  readonly show: (object: KubeObject) => KubeObject
  /** What it is made of; absent: it cannot be changed by what a policy applies. */
  readonly message?: Message
  /** From JSON somebody made of what was shown: decoded and with defaults. Throws `StatusError`. */
  readonly read: (value: unknown) => KubeObject
}

/** What plugins agree on within one `admit`: one whose change others should see asks for a second round of all. */
export class Reinvocation {
  /** Whether this is the second round. */
  again = false
  wanted = false
  /** What plugins keep from the first round, by their names. */
  readonly notes = new Map<string, unknown>()
}

/** Refusals are thrown as `StatusError`, upstream's being `Forbidden` unless a plugin says otherwise. */
export interface AdmissionPlugin {
  readonly name: string
  readonly operations: readonly AdmissionRequest['operation'][]
  admit?(request: AdmissionRequest): Promise<KubeObject | undefined> | KubeObject | undefined
  validate?(request: AdmissionRequest): Promise<void> | void
}
