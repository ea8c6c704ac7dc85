/** Who may approve and sign certificate requests, and what a client certificate may not claim. */

import { readCertificateRequest } from '#wire/x509/certificate-request.ts'
import { isDeepStrictEqual } from 'node:util'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { refused } from './refused.ts'
import { isAbout } from './requested.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import type { CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import type { ClusterTrustBundle } from '#api/certificates/v1/cluster-trust-bundle.ts'
import { NOTHING_SAID } from '#apiserver/request-context.ts'
import type { KubeObject } from '#schema/resource.ts'

const CLIENT_SIGNER = 'kubernetes.io/kube-apiserver-client'
const MASTERS = 'system:masters'

/** `approve` on the signer is needed to approve or deny. */
export function certificateApproval(parts: { readonly authorizer: Authorizer }): AdmissionPlugin {
  return {
    name: 'CertificateApproval',
    operations: ['UPDATE'],
    async validate(request) {
      if (!isRequest(request) || request.subresource !== 'approval') return
      const { signerName } = (request.oldObject as unknown as CertificateSigningRequest).spec
      if (!(await maySign(request, parts.authorizer, 'approve', signerName)))
        throw forbidden(
          request.resource,
          request.name,
          `user not permitted to approve requests with signerName ${JSON.stringify(signerName)}`,
        )
    },
  }
}

/** `sign` on the signer is needed to set a certificate or fail the request. */
export function certificateSigning(parts: { readonly authorizer: Authorizer }): AdmissionPlugin {
  return {
    name: 'CertificateSigning',
    operations: ['UPDATE'],
    async validate(request) {
      if (!isRequest(request) || request.subresource !== 'status') return
      const next = request.object as unknown as CertificateSigningRequest
      const old = request.oldObject as unknown as CertificateSigningRequest
      if (
        next.status?.certificate === old.status?.certificate &&
        JSON.stringify(next.status?.conditions) === JSON.stringify(old.status?.conditions)
      )
        return
      const { signerName } = old.spec
      if (!(await maySign(request, parts.authorizer, 'sign', signerName)))
        throw forbidden(request.resource, request.name, `user not permitted to sign requests with signerName ${JSON.stringify(signerName)}`)
    },
  }
}

/** `attest` on the signer is needed to say what its authorities are. */
export function clusterTrustBundleAttest(parts: { readonly authorizer: Authorizer }): AdmissionPlugin {
  return {
    name: 'ClusterTrustBundleAttest',
    operations: ['CREATE', 'UPDATE'],
    async validate(request) {
      if (!isAbout(request, 'clustertrustbundles.certificates.k8s.io')) return
      const { object, oldObject } = request
      const { signerName } = (object as unknown as ClusterTrustBundle).spec
      if (!signerName) return
      // owners and finalizers come and go without anything being said
      const said = ({ metadata, ...rest }: KubeObject) => ({
        ...rest,
        labels: metadata.labels ?? {},
        annotations: metadata.annotations ?? {},
      })
      if (oldObject !== undefined && isDeepStrictEqual(said(object!), said(oldObject))) return
      if (!(await maySign(request, parts.authorizer, 'attest', signerName)))
        throw refused(request, `user not permitted to attest for signerName ${JSON.stringify(signerName)}`)
    },
  }
}

/** `organizations` reads the O of a PEM request's subject. */
export function certificateSubjectRestriction(parts: {
  readonly organizations: (pem: string) => Promise<readonly string[]>
}): AdmissionPlugin {
  return {
    name: 'CertificateSubjectRestriction',
    operations: ['CREATE'],
    async validate(request) {
      if (!isRequest(request) || request.subresource !== '') return
      const { spec } = request.object as unknown as CertificateSigningRequest
      if (spec.signerName !== CLIENT_SIGNER) return
      let organizations: readonly string[]
      try {
        organizations = await parts.organizations(Buffer.from(spec.request, 'base64').toString('utf8'))
      } catch (error) {
        throw forbidden(request.resource, request.name, `could not parse csr: ${(error as Error).message}`)
      }
      if (organizations.includes(MASTERS))
        throw forbidden(request.resource, request.name, `use of ${CLIENT_SIGNER} signer with ${MASTERS} group is not allowed`)
    },
  }
}

/** The subject's organizations of a PEM certificate request. */
export async function requestOrganizations(pem: string): Promise<readonly string[]> {
  return readCertificateRequest(pem).subject.organizations
}

function isRequest({ resource }: AdmissionRequest): boolean {
  return resource.group === 'certificates.k8s.io' && resource.plural === 'certificatesigningrequests'
}

/** Permission for the signer itself or for its whole domain, `example.com/*`. */
async function maySign({ user }: AdmissionRequest, authorizer: Authorizer, verb: string, signerName: string): Promise<boolean> {
  for (const name of [signerName, `${signerName.split('/')[0]}/*`]) {
    const about = { verb, group: 'certificates.k8s.io', version: '*', resource: 'signers', name }
    const info = { ...NOTHING_SAID, isResourceRequest: true, ...about }
    if ((await authorizer.authorize({ user, info })).type === 'allow') return true
  }
  return false
}
