/** Declares ClusterTrustBundle and PodCertificateRequest in certificates/v1beta1. */

import { clusterTrustBundles as bundles } from '../v1/cluster-trust-bundle.ts'
import { podCertificateRequests as requests } from '../v1/pod-certificate-request.ts'
import { inVersion } from '#schema/in-version.ts'
import { bytes, opt } from '#schema/message.ts'

const v1beta1 = inVersion('k8s.io.api.certificates.v1', 'v1beta1', {
  PodCertificateRequestSpec: {
    pkixPublicKey: opt(9, bytes, {
      doc: 'Deprecated: the public key in PKIX form, which is not kept; stubPKCS10Request has it.',
      deprecated: true,
    }),
    proofOfPossession: opt(10, bytes, {
      doc: 'Deprecated: a signature over the UID of the pod, which is not kept; stubPKCS10Request is signed.',
      deprecated: true,
    }),
  },
})

export const clusterTrustBundles = v1beta1(bundles)
export const podCertificateRequests = v1beta1(requests)
