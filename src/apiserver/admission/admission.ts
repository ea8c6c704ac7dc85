/** Admission: plugins that may change (`admit`) or refuse (`validate`) a write before it is stored. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
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
}

/** Refusals are thrown as `StatusError`, upstream's being `Forbidden` unless a plugin says otherwise. */
export interface AdmissionPlugin {
  readonly name: string
  readonly operations: readonly AdmissionRequest['operation'][]
  admit?(request: AdmissionRequest): Promise<KubeObject | undefined> | KubeObject | undefined
  validate?(request: AdmissionRequest): Promise<void> | void
}
