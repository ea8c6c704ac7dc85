/** Declares ClusterTrustBundle and PodCertificateRequest in certificates/v1beta1. */

import { clusterTrustBundles as bundles } from '../v1/cluster-trust-bundle.ts'
import { podCertificateRequests as requests } from '../v1/pod-certificate-request.ts'
import { inVersion } from '#schema/in-version.ts'
import { bytes, opt } from '#schema/message.ts'

const v1beta1 = inVersion('k8s.io.api.certificates.v1', 'v1beta1', {
  PodCertificateRequestSpec: {
    pkixPublicKey: opt(9, bytes, { doc: 'The public key in PKIX form, for old clients that send no stubPKCS10Request.', deprecated: true }),
    proofOfPossession: opt(10, bytes, {
      doc: 'Signature over the UID of the pod by the private key, to go with pkixPublicKey.',
      deprecated: true,
    }),
  },
})

export const clusterTrustBundles = v1beta1(bundles)
export const podCertificateRequests = v1beta1(requests)
