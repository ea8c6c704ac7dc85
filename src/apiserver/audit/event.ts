/** Audit events (audit.k8s.io/v1) as they are logged. */

import type { AuditLevel, AuditStage } from './policy.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'

/** Upstream's Event; times are in microseconds, RFC 3339. */
export interface AuditEvent {
  readonly kind: 'Event'
  readonly apiVersion: 'audit.k8s.io/v1'
  readonly level: AuditLevel
  readonly auditID: string
  readonly stage: AuditStage
  /** Path and query, as they were sent. */
  readonly requestURI: string
  readonly verb: string
  readonly user: UserInfo
  readonly impersonatedUser?: UserInfo
  /** Which right to impersonate it was, where that is constrained. */
  readonly authenticationMetadata?: { readonly impersonationConstraint: string }
  readonly sourceIPs?: readonly string[]
  readonly userAgent?: string
  readonly objectRef?: ObjectRef
  readonly responseStatus?: object
  readonly requestObject?: unknown
  readonly responseObject?: unknown
  readonly requestReceivedTimestamp: string
  readonly stageTimestamp: string
  readonly annotations?: Readonly<Record<string, string>>
}

export interface ObjectRef {
  readonly resource?: string
  readonly namespace?: string
  readonly name?: string
  readonly uid?: string
  readonly apiGroup?: string
  readonly apiVersion?: string
  readonly resourceVersion?: string
  readonly subresource?: string
}

/** Where events go. One that throws, or rejects, has not taken them. */
export interface AuditSink {
  write(events: readonly AuditEvent[]): void | Promise<void>
}
