/** Trust bundles, requests for certificates of pods, taints of devices and migrations of what is stored: what the server does on writes. */

import { invalid } from '#apiserver/endpoints/errors.ts'
import { statusOnly } from './volumes.ts'
import type { Stored, Strategy } from '../strategy.ts'
import { anchorErrors } from '#api/certificates/v1/cluster-trust-bundle-rules.ts'
import type { ClusterTrustBundle } from '#api/certificates/v1/cluster-trust-bundle.ts'
import { issueTimeErrors, podRequestErrors } from '#api/certificates/v1/pod-certificate-request-rules.ts'
import { podCertificateRequests, type PodCertificateRequest } from '#api/certificates/v1/pod-certificate-request.ts'
import type { DeviceTaintRule } from '#api/resource/v1/device-taint-rule.ts'
import { timestamp } from '#base/clock.ts'

/** The rules of what comes in are not held against what is stored. */
export const clusterTrustBundleStrategy: Strategy<ClusterTrustBundle & Stored> = {
  unconditionalUpdate: false,
  validateCreate: ({ spec }) => anchorErrors(spec.trustBundle),
}

export const podCertificateRequestStrategy: Strategy<PodCertificateRequest & Stored> = {
  unconditionalUpdate: false,
  validateCreate: ({ spec }) => podRequestErrors(spec),
}

/** Only here is it known what time it is. */
export const podCertificateRequestStatusFacet = statusOnly<PodCertificateRequest & Stored>((request, old, { now }) => {
  const errors = issueTimeErrors(request.status, old.status, now)
  if (errors.length > 0) throw invalid(podCertificateRequests as never, request.metadata.name, errors)
  return request
})

export const migrationStrategy: Strategy = { generation: 'spec', unconditionalUpdate: false }
export const migrationStatusFacet = statusOnly()

/** A taint is as old as its first writing or its last change of effect, unless its writer says otherwise. */
type StoredRule = DeviceTaintRule & Stored

export const deviceTaintRuleStatusFacet = statusOnly<StoredRule>()
export const deviceTaintRuleStrategy: Strategy<StoredRule> = {
  returnsDeleted: true,
  generation: 'spec',
  prepareCreate: (rule, { now }) => withTime(rule, timestamp(now)),
  prepareUpdate(rule, old, { now }) {
    const { taint } = rule.spec
    const before = old.spec.taint
    // A writer who changes the effect and leaves the time as it was did not mean the old time.
    if (taint.effect !== before.effect && taint.timeAdded === before.timeAdded)
      return { ...rule, spec: { ...rule.spec, taint: { ...taint, timeAdded: timestamp(now) } } }
    return withTime(rule, timestamp(now))
  },
}

function withTime<R extends DeviceTaintRule>(rule: R, at: string): R {
  if (rule.spec.taint === undefined || rule.spec.taint.timeAdded !== undefined) return rule
  return { ...rule, spec: { ...rule.spec, taint: { ...rule.spec.taint, timeAdded: at } } }
}
