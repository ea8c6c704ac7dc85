/** What a request is about, as plugins ask it. */

import type { AdmissionRequest } from './admission.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { groupResource, type KubeObject } from '#schema/resource.ts'

/** The pod that is written through its main path; undefined for all other requests. */
export function podOf({ resource, subresource, object }: AdmissionRequest): Pod | undefined {
  return resource.group === '' && resource.plural === 'pods' && subresource === '' ? (object as unknown as Pod | undefined) : undefined
}

/** Whether it is about this resource through its main path, named as `ingresses.networking.k8s.io`. */
export function isAbout({ resource, subresource }: AdmissionRequest, name: string): boolean {
  return subresource === '' && groupResource(resource) === name
}

/** A pod whose spec is another in these fields. */
export function withSpec(pod: Pod, fields: Partial<Pod['spec']>): KubeObject {
  return { ...pod, spec: { ...pod.spec, ...fields } } as unknown as KubeObject
}
