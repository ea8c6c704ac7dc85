/** Approves certificate requests of kubelets that are allowed to make them. */

import { subjectAccessReviews } from '#api/authorization/v1/subject-access-review.ts'
import { certificateSigningRequests, type CertificateSigningRequest } from '#api/certificates/v1/certificate-signing-request.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { updateStatus, type Action } from '../controller.ts'
import { prepareKeyedLoop } from '../keyed-loop.ts'
import { perform } from '../perform.ts'
import type { RunnerParts } from '../runner.ts'
import { KUBE_API_SERVER_CLIENT_KUBELET, pemOf, refusalOf, standingOf, type ReadRequest, type RequestFacts } from './request.ts'

interface Recognizer {
  readonly subresource: string
  readonly message: string
  readonly recognizes: (csr: CertificateSigningRequest, facts: RequestFacts) => boolean
}

/** The first that recognizes a request and whose permission its sender has decides. */
const recognizers: readonly Recognizer[] = [
  {
    subresource: 'selfnodeclient',
    message: 'Auto approving self kubelet client certificate after SubjectAccessReview.',
    recognizes: (csr, facts) => isNodeClient(csr, facts) && csr.spec.username === facts.subject.commonName,
  },
  {
    subresource: 'nodeclient',
    message: 'Auto approving kubelet client certificate after SubjectAccessReview.',
    recognizes: isNodeClient,
  },
]

export function prepareApprover(readRequest: ReadRequest, parts: RunnerParts): (signal: AbortSignal) => Promise<void> {
  const { client, clock } = parts

  async function allowed(csr: CertificateSigningRequest, subresource: string): Promise<boolean> {
    const { username, uid, groups, extra } = csr.spec
    const review = await client.create(subjectAccessReviews, {
      metadata: {},
      spec: {
        ...(username !== undefined && { user: username }),
        ...(uid !== undefined && { uid }),
        ...(groups && { groups }),
        ...(extra && { extra }),
        resourceAttributes: {
          group: certificateSigningRequests.group,
          resource: certificateSigningRequests.plural,
          verb: 'create',
          subresource,
        },
      },
      status: { allowed: false },
    })
    return review.status.allowed
  }

  return prepareKeyedLoop(
    {
      name: 'certificatesigningrequest-approving',
      primary: certificateSigningRequests,
      async sync(csr) {
        const candidates = recognize(csr, readRequest)
        for (const { subresource, message } of candidates) {
          if (!(await allowed(csr, subresource))) continue
          await perform(client, approve(csr, message, clock.now()))
          return undefined
        }
        // A permission may still be granted: it comes back, later and later
        if (candidates.length > 0)
          throw new Error(
            `recognized csr "${csr.metadata.name}" as [${candidates.map((c) => c.subresource).join(' ')}] but subject access review was not approved`,
          )
        return undefined
      },
    },
    parts,
  )
}

/** The recognizers to try for a request, none when it is decided, or nobody's to decide here. */
export function recognize(
  csr: CertificateSigningRequest,
  readRequest: ReadRequest,
): readonly Pick<Recognizer, 'subresource' | 'message'>[] {
  const standing = standingOf(csr)
  if (standing !== 'pending' || csr.spec.signerName !== KUBE_API_SERVER_CLIENT_KUBELET) return []
  let facts: RequestFacts
  try {
    facts = readRequest(pemOf(csr))
  } catch {
    return [] // only its sender can mend it
  }
  return recognizers.filter((r) => r.recognizes(csr, facts))
}

function approve(csr: CertificateSigningRequest, message: string, now: Instant): Exclude<Action, { type: 'event' }> {
  const condition = { type: 'Approved', status: 'True', reason: 'AutoApproved', message, lastUpdateTime: timestamp(now) }
  const conditions = [...(csr.status.conditions ?? []), condition]
  const approved: CertificateSigningRequest = { ...csr, status: { ...csr.status, conditions } }
  const action = updateStatus(certificateSigningRequests, approved)
  return { ...(action as Extract<Action, { type: 'update' }>), subresource: 'approval' }
}

function isNodeClient(csr: CertificateSigningRequest, facts: RequestFacts): boolean {
  return refusalOf(KUBE_API_SERVER_CLIENT_KUBELET, facts, csr.spec.usages ?? []) === undefined
}
