/** A kubelet may only write about its own node and the pods on it. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import type { Node } from '#api/core/v1/node.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const LEASES_NAMESPACE = 'kube-node-lease'
const RESTRICTED_LABELS = 'node-restriction.kubernetes.io/'

export function nodeRestriction(parts: { readonly findPod: (namespace: string, name: string) => Pod | undefined }): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    validate(request) {
      const node = nodeOf(request)
      if (node === undefined) return
      const why = refusal(request, node)
      if (why !== undefined) throw forbidden(request.resource, request.name, why)
    },
  }

  function refusal(request: AdmissionRequest, node: string): string | undefined {
    const { group, plural } = request.resource
    const where = `${group === '' ? '' : `${group}/`}${plural}`
    switch (where) {
      case 'pods':
        return podRefusal(request, node)
      case 'nodes':
        return nodeRefusal(request, node)
      case 'coordination.k8s.io/leases':
        if (request.namespace !== LEASES_NAMESPACE)
          return `can only access leases in the ${JSON.stringify(LEASES_NAMESPACE)} system namespace`
        return request.name === node ? undefined : 'can only access node lease with the same name as the requesting node'
      case 'storage.k8s.io/csinodes':
        return request.name === node ? undefined : 'can only access CSINode with the same name as the requesting node'
      case 'resource.k8s.io/resourceslices':
        return sliceRefusal(request, node)
      case 'serviceaccounts':
        return request.subresource === 'token' ? tokenRefusal(request, node) : undefined
      default:
        return undefined
    }
  }

  function podRefusal({ operation, subresource, object, oldObject, namespace, name }: AdmissionRequest, node: string): string | undefined {
    const quoted = JSON.stringify(node)
    const pod = (oldObject ?? object) as unknown as Pod | undefined
    if (subresource === 'status')
      return pod?.spec?.nodeName === node
        ? undefined
        : `node ${quoted} can only update pod status for pods with spec.nodeName set to itself`
    if (subresource === 'eviction')
      return parts.findPod(namespace, name)?.spec.nodeName === node
        ? undefined
        : `node ${quoted} can only evict pods with spec.nodeName set to itself`
    if (subresource !== '') return undefined
    if (operation === 'DELETE')
      return pod?.spec.nodeName === node ? undefined : `node ${quoted} can only delete pods with spec.nodeName set to itself`
    if (operation === 'UPDATE') return `unexpected operation "UPDATE", node ${quoted} can only create and delete mirror pods`
    if (pod?.metadata.annotations?.[MIRROR] === undefined)
      return `pod does not have ${JSON.stringify(MIRROR)} annotation, node ${quoted} can only create mirror pods`
    return pod.spec.nodeName === node ? undefined : `node ${quoted} can only create pods with spec.nodeName set to itself`
  }

  function nodeRefusal({ operation, object, oldObject, name }: AdmissionRequest, node: string): string | undefined {
    const quoted = JSON.stringify(node)
    if (name !== node) return `node ${quoted} is not allowed to modify node ${JSON.stringify(name)}`
    const next = object as unknown as Node | undefined
    const old = oldObject as unknown as Node | undefined
    const changed = Object.keys({ ...next?.metadata.labels, ...old?.metadata.labels }).filter(
      (key) => next !== undefined && next.metadata.labels?.[key] !== old?.metadata.labels?.[key] && key.includes(RESTRICTED_LABELS),
    )
    if (changed.length > 0) return `is not allowed to modify labels: ${changed.toSorted().join(', ')}`
    if (operation === 'UPDATE' && next && JSON.stringify(next.spec.taints ?? []) !== JSON.stringify(old?.spec.taints ?? []))
      return `node ${quoted} is not allowed to modify taints`
    return undefined
  }

  function sliceRefusal({ operation, object, oldObject }: AdmissionRequest, node: string): string | undefined {
    if (operation === 'UPDATE') return undefined // the authorizer knows the slice, and its node cannot be changed
    const slice = (oldObject ?? object) as unknown as ResourceSlice | undefined
    return slice?.spec.nodeName === node
      ? undefined
      : `can only ${operation === 'CREATE' ? 'create' : 'delete'} ResourceSlice with the same NodeName as the requesting node`
  }

  function tokenRefusal({ object, namespace }: AdmissionRequest, node: string): string | undefined {
    const bound = (object as unknown as TokenRequest).spec.boundObjectRef
    if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) return 'node requested token not bound to a pod'
    if (!bound.uid) return 'node requested token with a pod binding without a uid'
    const pod = parts.findPod(namespace, bound.name)
    if (pod === undefined) return `node requested token bound to a pod that does not exist`
    if (pod.metadata.uid !== bound.uid)
      return `the UID in the bound object reference (${bound.uid}) does not match the UID in record (${pod.metadata.uid}). The object might have been deleted and then recreated`
    return pod.spec.nodeName === node ? undefined : 'node requested token bound to a pod scheduled on a different node'
  }
}

/** The node whose kubelet asks; undefined for everyone else. */
function nodeOf({ user }: AdmissionRequest): string | undefined {
  const { username = '', groups = [] } = user
  return username.startsWith('system:node:') && groups.includes('system:nodes') ? username.slice('system:node:'.length) : undefined
}
