/** Counts what the Pod Security Standards decided, under upstream's names. */

import type { AdmissionRequest } from '#apiserver/admission/admission.ts'
import type { LevelVersion } from '#apiserver/admission/pod-security/policy.ts'
import type { Metrics } from '#base/metrics.ts'
import { kubernetesVersion } from '#base/version.ts'

export interface PodSecurityCounts {
  evaluated(decision: 'allow' | 'deny', mode: 'enforce' | 'audit' | 'warn', policy: LevelVersion, request: AdmissionRequest): void
  exempted(request: AdmissionRequest): void
  /** Something kept the plugin from knowing better; `fatal` where the request was refused for it. */
  failed(fatal: boolean, request: AdmissionRequest): void
}

const MINOR = Number.parseInt(kubernetesVersion.minor, 10)

export function podSecurityMetrics(metrics: Metrics): PodSecurityCounts {
  const about = ['request_operation', 'resource', 'subresource']
  const labels = ['decision', 'mode', 'policy_level', 'policy_version', ...about]
  const evaluations = metrics.counter({
    name: 'pod_security_evaluations_total',
    help: 'Looks at pods by the Pod Security Standards, those of exempt ones aside.',
    labels,
  })
  const exemptions = metrics.counter({
    name: 'pod_security_exemptions_total',
    help: 'Requests exempt from the Pod Security Standards, but for whole namespaces that ask for nothing.',
    labels: about,
  })
  const errors = metrics.counter({
    name: 'pod_security_errors_total',
    help: 'What kept the Pod Security Standards from being applied as asked; requests are refused where it was fatal.',
    labels: ['fatal', ...about],
  })
  return {
    evaluated: (decision, mode, policy, request) =>
      evaluations.of(decision, mode, policy.level, versionLabel(policy), ...aboutOf(request)).inc(),
    exempted: (request) => exemptions.of(...aboutOf(request)).inc(),
    failed: (fatal, request) => errors.of(String(fatal), ...aboutOf(request)).inc(),
  }
}

/** Few values, whatever namespaces say. */
function versionLabel({ level, minor }: LevelVersion): string {
  if (level === 'privileged' || minor === undefined || minor === MINOR) return 'latest'
  return minor > MINOR ? 'future' : `v1.${minor}`
}

function aboutOf({ operation, resource, subresource }: AdmissionRequest): readonly [string, string, string] {
  const plural = resource.group === '' ? resource.plural : ''
  return [operation.toLowerCase(), plural === 'pods' ? 'pod' : plural === 'namespaces' ? 'namespace' : 'controller', subresource]
}
