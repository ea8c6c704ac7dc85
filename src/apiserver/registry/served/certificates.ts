/** What is served of the certificates group. */

import { approvalFacet, certificateSigningRequestStrategy, certificateStatusFacet } from '../strategies/plain.ts'
import { clusterTrustBundleStrategy, podCertificateRequestStatusFacet, podCertificateRequestStrategy } from '../strategies/certificates.ts'
import { serve, type Served } from './serve.ts'
import { certificateSigningRequests } from '#api/certificates/v1/certificate-signing-request.ts'
import { clusterTrustBundles } from '#api/certificates/v1/cluster-trust-bundle.ts'
import { podCertificateRequests } from '#api/certificates/v1/pod-certificate-request.ts'

export const servedCertificates: readonly Served[] = [
  serve(certificateSigningRequests as never, certificateSigningRequestStrategy, {
    status: certificateStatusFacet,
    approval: approvalFacet,
  }),
  serve(clusterTrustBundles as never, clusterTrustBundleStrategy),
  serve(podCertificateRequests as never, podCertificateRequestStrategy, { status: podCertificateRequestStatusFacet }),
]
