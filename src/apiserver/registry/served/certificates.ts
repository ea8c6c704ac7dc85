/** What is served of the certificates group. */

import { approvalFacet, certificateSigningRequestStrategy, certificateStatusFacet } from '../strategies/plain.ts'
import { serve, type Served } from './serve.ts'
import { certificateSigningRequests } from '#api/certificates/v1/certificate-signing-request.ts'

export const servedCertificates: readonly Served[] = [
  serve(certificateSigningRequests as never, certificateSigningRequestStrategy, {
    status: certificateStatusFacet,
    approval: approvalFacet,
  }),
]
