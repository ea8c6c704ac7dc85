/** Declares TokenRequest (authentication/v1). */

import { invalid, type FieldError } from '#schema/field-error.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int64, list, message, opt, rulesFor, string, time, val } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class BoundObjectReference extends message('k8s.io.api.authentication.v1.BoundObjectReference', {
  kind: opt(1, string),
  apiVersion: opt(2, string),
  name: opt(3, string),
  uid: opt(4, string),
}) {}

export class TokenRequestSpec extends message('k8s.io.api.authentication.v1.TokenRequestSpec', {
  audiences: opt(1, list(string, { listType: 'atomic' })),
  expirationSeconds: opt(4, int64(), { keepsZero: true, default: 3600 }),
  boundObjectRef: opt(3, BoundObjectReference),
}) {}

export class TokenRequestStatus extends message('k8s.io.api.authentication.v1.TokenRequestStatus', {
  token: opt(1, string),
  expirationTimestamp: opt(2, time),
}) {}

export class TokenRequest extends object('k8s.io.api.authentication.v1.TokenRequest', {
  metadata: val(1, ObjectMeta),
  spec: val(2, TokenRequestSpec),
  status: val(3, TokenRequestStatus),
}) {}

const SECONDS_MIN = 600
const SECONDS_MAX = 2 ** 32

rulesFor(TokenRequestSpec, {
  check({ expirationSeconds = 3600 }, path): FieldError[] {
    const at = `${path}.expirationSeconds`
    if (expirationSeconds < SECONDS_MIN) return [invalid(at, expirationSeconds, 'may not specify a duration less than 10 minutes')]
    return expirationSeconds > SECONDS_MAX ? [invalid(at, expirationSeconds, 'may not specify a duration larger than 2^32 seconds')] : []
  },
})
