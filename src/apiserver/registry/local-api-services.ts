/** An API service for every group and version that this server serves itself, so that they stand beside those of others. */

import type { DefaultObject } from './default-objects.ts'
import type { KubeObject } from '#schema/resource.ts'

interface GroupVersion {
  readonly group: string
  readonly version: string
}

const ALWAYS: Readonly<Record<string, string>> = { 'kube-aggregator.kubernetes.io/automanaged': 'onstart' }
/** Who serves API services cannot itself be one. */
const AGGREGATOR = 'apiregistration.k8s.io'

/** As upstream has them; clients see groups in this order. */
const GROUPS: Readonly<Record<string, number>> = {
  '': 18_000,
  apps: 17_800,
  'events.k8s.io': 17_750,
  'authentication.k8s.io': 17_700,
  'authorization.k8s.io': 17_600,
  autoscaling: 17_500,
  batch: 17_400,
  'certificates.k8s.io': 17_300,
  'networking.k8s.io': 17_200,
  policy: 17_100,
  'rbac.authorization.k8s.io': 17_000,
  'storage.k8s.io': 16_800,
  'apiextensions.k8s.io': 16_700,
  'admissionregistration.k8s.io': 16_700,
  'scheduling.k8s.io': 16_600,
  'coordination.k8s.io': 16_500,
  'node.k8s.io': 16_300,
  'discovery.k8s.io': 16_200,
  'flowcontrol.apiserver.k8s.io': 16_100,
  'resource.k8s.io': 15_900,
  'storagemigration.k8s.io': 15_800,
}
/** Of versions that do not have the usual 15. */
const VERSIONS: Readonly<Record<string, number>> = {
  '/v1': 1,
  'autoscaling/v2': 30,
  'flowcontrol.apiserver.k8s.io/v1': 21,
  'resource.k8s.io/v1': 20,
}
const USUAL_VERSION = 15
const USUAL_GROUP = 15_000

export function localApiServices(served: readonly GroupVersion[]): readonly DefaultObject[] {
  const found = new Map(served.map(({ group, version }) => [`${version}.${group}`, { group, version }]))
  return [...found].flatMap(([name, { group, version }]) => {
    if (group === AGGREGATOR) return []
    const object = {
      apiVersion: `${AGGREGATOR}/v1`,
      kind: 'APIService',
      metadata: { name, labels: ALWAYS },
      spec: {
        ...(group && { group }),
        version,
        groupPriorityMinimum: GROUPS[group] ?? USUAL_GROUP,
        versionPriority: VERSIONS[`${group}/${version}`] ?? USUAL_VERSION,
      },
    }
    return [{ resource: `apiservices.${AGGREGATOR}`, object: object as unknown as KubeObject }]
  })
}
