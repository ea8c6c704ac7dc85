/** What is known of a request on its way through the API server; each step reads it, the filters fill it. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Instant } from '#base/clock.ts'

/** What the path says: upstream's RequestInfo. Non-resource requests have only `path` and `verb`. */
export interface RequestInfo {
  readonly isResourceRequest: boolean
  readonly path: string
  /** get, list, watch, create, update, patch, delete, deletecollection; for other paths the lower-case method. */
  readonly verb: string
  readonly group: string
  readonly version: string
  readonly resource: string
  readonly subresource: string
  readonly namespace: string
  readonly name: string
  /** Path segments after the subresource (`proxy/...`), unparsed. */
  readonly rest: string
  readonly labelSelector?: string
  readonly fieldSelector?: string
}

/** What is not said is empty. */
export const NOTHING_SAID: RequestInfo = {
  isResourceRequest: false,
  path: '',
  verb: '',
  group: '',
  version: '',
  resource: '',
  subresource: '',
  namespace: '',
  name: '',
  rest: '',
}

/** How the caller came in: over TLS with or without a certificate, or from within the process under a given identity. */
export type Peer =
  | { readonly type: 'network'; readonly address: string; readonly certificate?: Uint8Array }
  | { readonly type: 'process'; readonly user: UserInfo }

/** The body: raw bytes over the network (read once, at most BODY_BYTES_MAX), a decoded value within the process. */
export type RequestBody =
  | { readonly type: 'none' }
  | { readonly type: 'bytes'; readonly contentType: string; readonly read: () => Promise<Uint8Array> }
  | { readonly type: 'object'; readonly contentType: string; readonly object: unknown }

/** What a request leaves behind for the audit log as it goes on its way. */
export interface AuditNotes {
  /** Kept with the request's events; a key's first value stands, as upstream has it. */
  annotate(key: string, value: string): void
  /** The body as it was understood, before admission: an object, a patch, options. */
  request(object: unknown): void
  /** Who the caller acts as. */
  impersonates(user: UserInfo, constraint?: string): void
}

export interface RequestContext {
  readonly method: string
  /** Path without query, percent-decoded per segment only where it is looked at. */
  readonly path: string
  readonly query: URLSearchParams
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly body: RequestBody
  readonly peer: Peer
  readonly info: RequestInfo
  /** Who asks; set once authenticated. */
  readonly user: UserInfo
  readonly received: Instant
  /** Aborts when the caller has gone or the deadline passed. */
  readonly signal: AbortSignal
  /** Whether CBOR is spoken here: upstream's feature gate CBORServingAndStorage. */
  readonly cbor?: boolean
  /** Texts for `Warning: 299` headers of the answer. */
  readonly warnings: string[]
  /** Where priority and fairness put it, by uid. */
  readonly flow?: { readonly schemaUid: string; readonly levelUid: string }
  /** Names the request in the audit log and in the answer's `Audit-Id` header; absent within the process unless it is audited. */
  readonly auditId?: string
  /** Absent where no policy asks for the request to be audited. */
  readonly audit?: AuditNotes
}
