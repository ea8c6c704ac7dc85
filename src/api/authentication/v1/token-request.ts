/** Declares TokenRequest (authentication/v1). */

import { invalid, type FieldError } from '#schema/field-error.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int64, list, message, opt, rulesFor, string, time, val } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class BoundObjectReference extends message(
  'k8s.io.api.authentication.v1.BoundObjectReference',
  {
    kind: opt(1, string, { doc: 'Kind of the object: Pod, Secret or Node.' }),
    apiVersion: opt(2, string, { doc: 'Group and version of the object.' }),
    name: opt(3, string, { doc: 'Name of the object.' }),
    uid: opt(4, string, { doc: 'UID of the object.' }),
  },
  { doc: 'Names the object a token is bound to.' },
) {}

export class TokenRequestSpec extends message(
  'k8s.io.api.authentication.v1.TokenRequestSpec',
  {
    audiences: opt(1, list(string, { listType: 'atomic' }), {
      doc: 'Whom the token is for; whoever checks it must be among them. The API server when empty.',
    }),
    expirationSeconds: opt(4, int64(), {
      doc: 'Seconds it should last, at least 600; the server may choose otherwise. 3600 (1 hour) by default.',
      keepsZero: true,
      default: 3600,
    }),
    boundObjectRef: opt(3, BoundObjectReference, { doc: 'Object with which the token ends: once that is deleted, it is no longer valid.' }),
  },
  { doc: 'What token is wanted.' },
) {}

export class TokenRequestStatus extends message(
  'k8s.io.api.authentication.v1.TokenRequestStatus',
  {
    token: opt(1, string, { doc: 'The token.' }),
    expirationTimestamp: opt(2, time, { doc: 'When it ends.' }),
  },
  { doc: 'A token that was issued.' },
) {}

export class TokenRequest extends object(
  'k8s.io.api.authentication.v1.TokenRequest',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, TokenRequestSpec, { doc: 'What token is wanted.' }),
    status: val(3, TokenRequestStatus, { doc: 'The token.' }),
  },
  { doc: 'Asks for a token of a service account.' },
) {}

const SECONDS_MIN = 600
const SECONDS_MAX = 2 ** 32

rulesFor(TokenRequestSpec, {
  check({ expirationSeconds = 3600 }, path): FieldError[] {
    const at = `${path}.expirationSeconds`
    if (expirationSeconds < SECONDS_MIN) return [invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes')]
    return expirationSeconds > SECONDS_MAX ? [invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds')] : []
  },
})
