/** Signs approved certificate requests of the signers that are the cluster's own. */

import { certificateSigningRequests, type CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { updateStatus } from '../controller.ts'
import { prepareKeyedLoop } from '../keyed-loop.ts'
import { perform } from '../perform.ts'
import type { RunnerParts } from '../runner.ts'
import {
  KUBE_API_SERVER_CLIENT,
  KUBE_API_SERVER_CLIENT_KUBELET,
  KUBELET_SERVING,
  LEGACY_UNKNOWN,
  pemOf,
  refusalOf,
  standingOf,
  type ReadRequest,
} from './request.ts'

/** Signs a request (PEM) with the cluster's authority and answers the certificate (PEM). */
export type SignCertificate = (
  csrPem: string,
  options: { readonly usages: readonly string[]; readonly lifetimeMs: number },
) => string | Promise<string>

export interface SignerParts {
  readonly readRequest: ReadRequest
  readonly signCertificate: SignCertificate
  /** The longest life of what is signed. */
  readonly lifetimeMs?: number
}

const LIFETIME_MS = 365 * 24 * 3_600_000 // upstream's --cluster-signing-duration
const LIFETIME_MS_MIN = 600_000

const OWN_SIGNERS: ReadonlySet<string> = new Set([KUBE_API_SERVER_CLIENT, KUBE_API_SERVER_CLIENT_KUBELET, KUBELET_SERVING, LEGACY_UNKNOWN])

export function prepareSigner(signer: SignerParts, parts: RunnerParts): (signal: AbortSignal) => Promise<void> {
  const { client, clock } = parts
  return prepareKeyedLoop(
    {
      name: 'certificatesigningrequest-signing',
      primary: certificateSigningRequests,
      async sync(csr) {
        const order = decideSigning(csr, signer, clock.now())
        if (order.type === 'none') return undefined
        const signed =
          order.type === 'refuse'
            ? order.object
            : withCertificate(csr, await signer.signCertificate(order.pem, { usages: csr.spec.usages ?? [], lifetimeMs: order.lifetimeMs }))
        const action = updateStatus(certificateSigningRequests, signed)
        if (action.type !== 'event') await perform(client, action)
        return undefined
      },
    },
    parts,
  )
}

export type SigningOrder =
  | { readonly type: 'none' }
  /** The request as it is stored once refused. */
  | { readonly type: 'refuse'; readonly object: CertificateSigningRequest }
  | { readonly type: 'sign'; readonly pem: string; readonly lifetimeMs: number }

/** Throws what `readRequest` throws: such a request stays unsigned and is cleared away in time. */
export function decideSigning(
  csr: CertificateSigningRequest,
  signer: Pick<SignerParts, 'readRequest' | 'lifetimeMs'>,
  now: Instant,
): SigningOrder {
  if (standingOf(csr) !== 'approved' || !OWN_SIGNERS.has(csr.spec.signerName)) return { type: 'none' }
  const pem = pemOf(csr)
  const refusal = refusalOf(csr.spec.signerName, signer.readRequest(pem), csr.spec.usages ?? [])
  if (refusal !== undefined) return { type: 'refuse', object: failed(csr, refusal, now) }
  const longest = signer.lifetimeMs ?? LIFETIME_MS
  const asked = csr.spec.expirationSeconds === undefined ? longest : Math.max(csr.spec.expirationSeconds * 1000, LIFETIME_MS_MIN)
  return { type: 'sign', pem, lifetimeMs: Math.min(asked, longest) }
}

function failed(csr: CertificateSigningRequest, message: string, now: Instant): CertificateSigningRequest {
  const condition = { type: 'Failed', status: 'True', reason: 'SignerValidationFailure', message, lastUpdateTime: timestamp(now) }
  return { ...csr, status: { ...csr.status, conditions: [...(csr.status.conditions ?? []), condition] } }
}

function withCertificate(csr: CertificateSigningRequest, pem: string): CertificateSigningRequest {
  return { ...csr, status: { ...csr.status, certificate: Buffer.from(pem).toString('base64') } }
}
