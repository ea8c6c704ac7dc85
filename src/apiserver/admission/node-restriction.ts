/** A kubelet may only write about its own node and the pods on it. */

import { isDeepStrictEqual } from 'node:util'
import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { nodeLabelRefusal } from './node-labels.ts'
import { audienceRefusal } from './node-token-audience.ts'
import type { ObjectReader } from './plugin-parts.ts'
import { forbidden, notFound } from '#apiserver/endpoints/errors.ts'
import { nodeNameOf } from '#apiserver/authorization/node-authorizer.ts'
import type { Authorizer } from '#apiserver/authorization/authorizer.ts'
import { claimsOf, namesConfigMap, namesSecret } from '#apiserver/authorization/pod-references.ts'
import type { TokenRequest } from '#api/authentication/v1/token-request.ts'
import type { PodCertificateRequest } from '#api/certificates/v1/pod-certificate-request.ts'
import { nodes, type Node } from '#api/core/v1/node.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'

const MIRROR = 'kubernetes.io/config.mirror'
const LEASES_NAMESPACE = 'kube-node-lease'

export interface NodeRestrictionParts {
  readonly objects: Pick<ObjectReader, 'cached'>
  /** Asked about audiences of tokens that no volume of the pod wants. */
  readonly authorizer: Authorizer
}

/** Why the write is refused; undefined when it is not. */
type Refusal = string | undefined

export function nodeRestriction(parts: NodeRestrictionParts): AdmissionPlugin {
  return {
    name: 'NodeRestriction',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    // as upstream before the object is looked at in itself, so that a node learns first what it may not do at all
    async admit(request) {
      const node = nodeNameOf(request.user)
      if (node === undefined) return undefined
      const why =
        node === '' ? `could not determine node from user ${JSON.stringify(request.user.username)}` : await refusal(request, node, parts)
      if (why !== undefined) throw forbidden(request.resource, request.name, why)
      return undefined
    },
  }
}

function refusal(request: AdmissionRequest, node: string, parts: NodeRestrictionParts): Refusal | Promise<Refusal> {
  const { group, plural } = request.resource
  switch (`${group === '' ? '' : `${group}/`}${plural}`) {
    case 'pods':
      return podRefusal(request, node, parts)
    case 'nodes':
      return nodeRefusal(request, node)
    case 'persistentvolumeclaims':
      return claimRefusal(request, node)
    case 'coordination.k8s.io/leases':
      if (request.namespace !== LEASES_NAMESPACE)
        return `can only access leases in the ${JSON.stringify(LEASES_NAMESPACE)} system namespace`
      return request.name === node ? undefined : 'can only access node lease with the same name as the requesting node'
    case 'storage.k8s.io/csinodes':
      return request.name === node ? undefined : 'can only access CSINode with the same name as the requesting node'
    case 'resource.k8s.io/resourceslices':
      return sliceRefusal(request, node)
    case 'certificates.k8s.io/podcertificaterequests':
      return certificateRequestRefusal(request, node, parts)
    case 'serviceaccounts':
      return request.subresource === 'token' ? tokenRefusal(request, node, parts) : undefined
    default:
      return undefined
  }
}

function podRefusal(request: AdmissionRequest, node: string, { objects }: NodeRestrictionParts): Refusal {
  const { operation, subresource, object, oldObject, namespace, name } = request
  const quoted = JSON.stringify(node)
  const pod = object as unknown as Pod | undefined
  const old = oldObject as unknown as Pod | undefined
  if (subresource === 'status') {
    if ((old ?? pod)?.spec.nodeName !== node) return `node ${quoted} can only update pod status for pods with spec.nodeName set to itself`
    if (!isDeepStrictEqual(pod?.metadata.labels ?? {}, old?.metadata.labels ?? {}))
      return `node ${quoted} cannot update labels through pod status`
    if (!isDeepStrictEqual(pod?.status.resourceClaimStatuses ?? [], old?.status.resourceClaimStatuses ?? []))
      return `node ${quoted} cannot update resource claim statues`
    if (!isDeepStrictEqual(pod?.status.extendedResourceClaimStatus, old?.status.extendedResourceClaimStatus))
      return `node ${quoted} cannot update extended resource claim status`
    return undefined
  }
  if (subresource === 'eviction') {
    const evicted = objects.cached(pods, namespace, name)
    if (evicted === undefined) throw notFound(pods, name)
    return evicted.spec.nodeName === node ? undefined : `node ${node} can only evict pods with spec.nodeName set to itself`
  }
  if (subresource !== '') return `unexpected pod subresource ${JSON.stringify(subresource)}, only 'status' and 'eviction' are allowed`
  if (operation === 'DELETE')
    return old?.spec.nodeName === node ? undefined : `node ${quoted} can only delete pods with spec.nodeName set to itself`
  if (operation === 'UPDATE') return `unexpected operation "UPDATE", node ${quoted} can only create and delete mirror pods`
  return mirrorPodRefusal(pod!, node, objects)
}

/** A pod that a node makes may not give the node anything it did not have. */
function mirrorPodRefusal(pod: Pod, node: string, objects: NodeRestrictionParts['objects']): Refusal {
  const quoted = JSON.stringify(node)
  if (pod.metadata.annotations?.[MIRROR] === undefined)
    return `pod does not have ${JSON.stringify(MIRROR)} annotation, node ${quoted} can only create mirror pods`
  if (pod.spec.nodeName !== node) return `node ${quoted} can only create pods with spec.nodeName set to itself`
  const owners = pod.metadata.ownerReferences ?? []
  if (owners.length > 1) return `node ${quoted} can only create pods with a single owner reference set to itself`
  const owner = owners[0]
  if (owner?.apiVersion !== 'v1' || owner.kind !== 'Node' || owner.name !== node)
    return `node ${quoted} can only create pods with an owner reference set to itself`
  if (owner.controller !== true) return `node ${quoted} can only create pods with a controller owner reference set to itself`
  if (owner.blockOwnerDeletion === true) return `node ${quoted} must not set blockOwnerDeletion on an owner reference`
  const known = objects.cached(nodes, '', node)
  if (known === undefined) throw notFound(nodes, node)
  if (owner.uid !== known.metadata.uid) return `node ${node} UID mismatch: expected ${owner.uid} got ${known.metadata.uid}`
  const named = referenceOf(pod)
  return named === undefined ? undefined : `node ${quoted} can not create pods that reference ${named}`
}

/** What the pod refers to that its node could gain by it. */
function referenceOf(pod: Pod): string | undefined {
  const sources = (pod.spec.volumes ?? []).flatMap((v) => v.projected?.sources ?? [])
  if (pod.spec.serviceAccountName) return 'a service account'
  if (namesSecret(pod, () => true)) return 'secrets'
  if (namesConfigMap(pod, () => true)) return 'configmaps'
  if (sources.some((s) => s.clusterTrustBundle)) return 'clustertrustbundles'
  if (sources.some((s) => s.podCertificate)) return 'podcertificates'
  if (claimsOf(pod).length > 0) return 'persistentvolumeclaims'
  if (pod.spec.resourceClaims?.length || pod.status?.resourceClaimStatuses?.length || pod.status?.extendedResourceClaimStatus)
    return 'resourceclaims'
  return undefined
}

function nodeRefusal({ operation, object, oldObject, name }: AdmissionRequest, node: string): Refusal {
  const quoted = JSON.stringify(node)
  if (name !== node) return `node ${quoted} is not allowed to modify node ${JSON.stringify(name)}`
  const next = object as unknown as Node | undefined
  const old = oldObject as unknown as Node | undefined
  if (next === undefined) return undefined
  if (operation === 'CREATE') {
    if (next.spec.configSource) return `node ${quoted} is not allowed to create pods with a non-nil configSource`
    return nodeLabelRefusal(next.metadata.labels, {}, `node ${quoted} is not allowed to set the following labels`)
  }
  if (next.spec.configSource && !isDeepStrictEqual(next.spec.configSource, old?.spec.configSource))
    return `node ${quoted} is not allowed to update configSource to a new non-nil configSource`
  if (!isDeepStrictEqual(next.spec.taints ?? [], old?.spec.taints ?? [])) return `node ${quoted} is not allowed to modify taints`
  // an owner that does not exist would have the node collected, and made anew with whatever labels and taints it says
  if (!isDeepStrictEqual(next.metadata.ownerReferences ?? [], old?.metadata.ownerReferences ?? []))
    return `node ${quoted} is not allowed to modify ownerReferences`
  return nodeLabelRefusal(next.metadata.labels, old?.metadata.labels, 'is not allowed to modify labels')
}

const CLAIM_STATUS = ['capacity', 'conditions', 'allocatedResources', 'allocatedResourceStatuses']

function claimRefusal({ operation, subresource, object, oldObject }: AdmissionRequest, node: string): Refusal {
  if (subresource !== 'status') return 'may only update PVC status'
  if (operation !== 'UPDATE') return `unexpected operation ${JSON.stringify(operation)}`
  const rest = (claim: unknown) => {
    const { metadata, spec, status } = claim as PersistentVolumeClaim
    const { resourceVersion: _, managedFields: __, ...named } = metadata as PersistentVolumeClaim['metadata'] & { managedFields?: unknown }
    const kept = Object.fromEntries(Object.entries(status ?? {}).filter(([key]) => !CLAIM_STATUS.includes(key)))
    return { metadata: named, spec, status: kept }
  }
  return isDeepStrictEqual(rest(object), rest(oldObject))
    ? undefined
    : `node ${JSON.stringify(node)} is not allowed to update fields other than status.capacity and status.conditions`
}

function sliceRefusal({ operation, object, oldObject }: AdmissionRequest, node: string): Refusal {
  if (operation === 'UPDATE') return undefined // the authorizer knows the slice, and its node cannot be changed
  const slice = (oldObject ?? object) as unknown as ResourceSlice | undefined
  return slice?.spec.nodeName === node
    ? undefined
    : `can only ${operation === 'CREATE' ? 'create' : 'delete'} ResourceSlice with the same NodeName as the requesting node`
}

function certificateRequestRefusal(
  { operation, object, namespace }: AdmissionRequest,
  node: string,
  { objects }: NodeRestrictionParts,
): Refusal {
  if (operation !== 'CREATE') return `unexpected operation ${operation}`
  const { spec } = object as unknown as PodCertificateRequest
  if (spec.nodeName !== node)
    return `PodCertificateRequest.Spec.NodeName=${JSON.stringify(spec.nodeName)}, which is not the requesting node ${JSON.stringify(node)}`
  const pod = objects.cached(pods, namespace, spec.podName)
  if (pod === undefined) throw notFound(pods, spec.podName)
  if (pod.metadata.uid !== spec.podUID)
    return `PodCertificateRequest.Spec.PodUID=${JSON.stringify(spec.podUID)}, which does not match the UID ${JSON.stringify(pod.metadata.uid)} of the pod`
  if (pod.spec.nodeName !== node) return `pod ${JSON.stringify(spec.podName)} is not scheduled to node ${JSON.stringify(node)}`
  if (pod.metadata.annotations?.[MIRROR] !== undefined) return 'mirror pods may not request certificates'
  const account = objects.cached(serviceAccounts, namespace, spec.serviceAccountName)
  if (pod.spec.serviceAccountName !== spec.serviceAccountName || account?.metadata.uid !== spec.serviceAccountUID)
    return `PodCertificateRequest.Spec.ServiceAccountName=${JSON.stringify(spec.serviceAccountName)} is not the service account of the pod`
  return objects.cached(nodes, '', node)?.metadata.uid === spec.nodeUID
    ? undefined
    : `PodCertificateRequest.Spec.NodeUID=${JSON.stringify(spec.nodeUID)}, which does not match the UID of the node`
}

async function tokenRefusal(
  { object, namespace, name, user }: AdmissionRequest,
  node: string,
  parts: NodeRestrictionParts,
): Promise<Refusal> {
  const { spec } = object as unknown as TokenRequest
  const bound = spec.boundObjectRef
  if (bound?.apiVersion !== 'v1' || bound.kind !== 'Pod' || !bound.name) return 'node requested token not bound to a pod'
  if (!bound.uid) return 'node requested token with a pod binding without a uid'
  const pod = parts.objects.cached(pods, namespace, bound.name)
  if (pod === undefined) throw notFound(pods, bound.name)
  if (pod.metadata.uid !== bound.uid)
    return `the UID in the bound object reference (${bound.uid}) does not match the UID in record. The object might have been deleted and then recreated`
  if (pod.spec.nodeName !== node) return 'node requested token bound to a pod scheduled on a different node'
  return audienceRefusal(spec.audiences ?? [], { pod, account: { namespace, name }, user }, parts)
}
