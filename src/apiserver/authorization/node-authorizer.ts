/** What kubelets may do: everything about their own node and the pods on it, nothing about others'. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import type { Lister } from '#client/informer.ts'
import { parseFieldSelector } from '#schema/selector.ts'
import type { Authorizer, Decision } from './authorizer.ts'
import { ruleAllows } from './policy-rule.ts'

const LEASE_NAMESPACE = 'kube-node-lease'
const READ = ['get', 'list', 'watch']

/** What every node may, whichever it is. Objects that have to be looked into are decided below. */
const NODE_RULES: readonly PolicyRule[] = [
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
  { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews', 'subjectaccessreviews'] },
  { verbs: READ, apiGroups: [''], resources: ['services'] },
  { verbs: ['create'], apiGroups: [''], resources: ['nodes'] },
  // which nodes may be written is the NodeRestriction admission plugin's to say: it sees the object
  { verbs: ['patch', 'update'], apiGroups: [''], resources: ['nodes', 'nodes/status'] },
  { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
  { verbs: ['create', 'delete'], apiGroups: [''], resources: ['pods'] },
  { verbs: ['patch', 'update'], apiGroups: [''], resources: ['pods/status'] },
  { verbs: ['create'], apiGroups: [''], resources: ['pods/eviction'] },
  { verbs: ['get'], apiGroups: [''], resources: ['endpoints'] },
  { verbs: ['create', ...READ], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] },
  { verbs: READ, apiGroups: ['storage.k8s.io'], resources: ['csidrivers'] },
  { verbs: READ, apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'] },
  { verbs: READ, apiGroups: ['certificates.k8s.io'], resources: ['clustertrustbundles'] },
]

export interface NodeAuthorizerListers {
  readonly pods: Pick<Lister<Pod>, 'get' | 'list'>
  readonly volumes: Pick<Lister<PersistentVolume>, 'get'>
  readonly attachments: Pick<Lister<VolumeAttachment>, 'get'>
  readonly slices: Pick<Lister<ResourceSlice>, 'get'>
}

/** The node a user is, if it is one. */
export function nodeNameOf(user: UserInfo): string | undefined {
  const { username = '' } = user
  return username.startsWith('system:node:') && user.groups?.includes('system:nodes') ? username.slice('system:node:'.length) : undefined
}

export function nodeAuthorizer(listers: NodeAuthorizerListers): Authorizer {
  const { pods } = listers
  const podsOn = (node: string, namespace: string) => pods.list(namespace).filter((p) => p.spec.nodeName === node)
  return {
    authorize({ user, info }): Decision {
      const node = nodeNameOf(user)
      if (node === undefined) return { type: 'no-opinion', reason: '' }
      if (info.isResourceRequest) {
        const decide = BY_RESOURCE[`${info.group}/${info.resource}`]
        const decided = decide?.(node, info, podsOn, listers)
        if (decided !== undefined) return decided
      }
      return NODE_RULES.some((rule) => ruleAllows(rule, info)) ? ALLOW : { type: 'no-opinion', reason: '' }
    },
  }
}

const ALLOW: Decision = { type: 'allow', reason: '' }
const refuse = (reason: string): Decision => ({ type: 'no-opinion', reason })

/** Undefined leaves the decision to the rules. */
type Decide = (
  node: string,
  info: RequestInfo,
  podsOn: (node: string, namespace: string) => readonly Pod[],
  listers: NodeAuthorizerListers,
) => Decision | undefined

/** Reads of an object by name, allowed when a pod on the node refers to it. */
const referenced =
  (refersTo: (pod: Pod, name: string) => boolean): Decide =>
  (node, info, podsOn) => {
    if (!READ.includes(info.verb) || info.subresource !== '') return refuse(`can only read resources of this type`)
    if (info.name === '') return refuse('can only read individual resources of this type')
    if (podsOn(node, info.namespace).some((pod) => refersTo(pod, info.name))) return ALLOW
    return refuse(`no relationship found between node '${node}' and this object`)
  }

/** One object got by its name, allowed when it has to do with the node. */
const gotByName =
  (concerns: (node: string, info: RequestInfo, podsOn: Parameters<Decide>[2], listers: NodeAuthorizerListers) => boolean): Decide =>
  (node, info, podsOn, listers) => {
    if (info.verb !== 'get') return refuse('can only get individual resources of this type')
    if (info.subresource !== '') return refuse('cannot get subresource')
    if (info.name === '') return refuse('No Object name found')
    return concerns(node, info, podsOn, listers) ? ALLOW : refuse(`no relationship found between node '${node}' and this object`)
  }

const BY_RESOURCE: Readonly<Record<string, Decide>> = {
  '/secrets': referenced(usesSecret),
  '/configmaps': referenced(usesConfigMap),
  '/persistentvolumeclaims': (node, info, podsOn, listers) =>
    info.subresource === 'status' && ['get', 'update', 'patch'].includes(info.verb)
      ? podsOn(node, info.namespace).some((pod) => usesClaim(pod, info.name))
        ? ALLOW
        : refuse(`no relationship found between node '${node}' and this object`)
      : referenced(usesClaim)(node, info, podsOn, listers),
  '/persistentvolumes': gotByName((node, info, podsOn, { volumes }) => {
    const claim = volumes.get(info.name)?.spec.claimRef
    return claim?.namespace !== undefined && podsOn(node, claim.namespace).some((pod) => usesClaim(pod, claim.name ?? ''))
  }),
  'resource.k8s.io/resourceclaims': gotByName((node, info, podsOn) =>
    podsOn(node, info.namespace).some((pod) => usesDevices(pod, info.name)),
  ),
  'storage.k8s.io/volumeattachments': gotByName((node, info, _, { attachments }) => attachments.get(info.name)?.spec.nodeName === node),
  '/serviceaccounts'(node, info, podsOn) {
    if (info.verb !== 'create' || info.subresource !== 'token') return refuse('can only create tokens for individual service accounts')
    if (info.name === '') return refuse('can only create tokens for individual service accounts')
    return podsOn(node, info.namespace).some((pod) => pod.spec.serviceAccountName === info.name)
      ? ALLOW
      : refuse(`no relationship found between node '${node}' and this object`)
  },
  '/pods'(node, info, _, { pods }) {
    if (info.verb === 'get' && info.subresource === '')
      return pods.get(`${info.namespace}/${info.name}`)?.spec.nodeName === node
        ? ALLOW
        : refuse(`no relationship found between node '${node}' and this object`)
    if ((info.verb === 'list' || info.verb === 'watch') && info.subresource === '')
      return selects(info, 'spec.nodeName', node) ? ALLOW : refuse('can only list/watch pods with spec.nodeName field selector')
    return undefined
  },
  '/nodes'(node, info) {
    if (info.subresource !== '' && info.subresource !== 'status') return undefined
    if (READ.includes(info.verb) && info.subresource === '')
      return info.name === node || selects(info, 'metadata.name', node)
        ? ALLOW
        : refuse(`node '${node}' cannot read '${info.name}', only its own Node object`)
    return undefined
  },
  'coordination.k8s.io/leases'(node, info) {
    if (!['get', 'create', 'update', 'patch', 'delete'].includes(info.verb))
      return refuse('can only get, create, update, patch, or delete a node lease')
    if (info.namespace !== LEASE_NAMESPACE) return refuse(`can only access leases in the "${LEASE_NAMESPACE}" system namespace`)
    if (info.verb !== 'create' && info.name !== node) return refuse('can only access node lease with the same name as the requesting node')
    return ALLOW
  },
  'storage.k8s.io/csinodes'(node, info) {
    if (!['get', 'create', 'update', 'patch', 'delete'].includes(info.verb))
      return refuse('can only get, create, update, patch, or delete a CSINode')
    if (info.subresource !== '') return refuse('cannot authorize CSINode subresources')
    return info.verb === 'create' || info.name === node
      ? ALLOW
      : refuse('can only access CSINode with the same name as the requesting node')
  },
  'resource.k8s.io/resourceslices': (node, info, _, { slices }) => decideSlice(node, info, slices),
}

/** Which node a new slice is for is the NodeRestriction admission plugin's to check: it sees the object. */
function decideSlice(node: string, info: RequestInfo, slices: NodeAuthorizerListers['slices']): Decision {
  if (info.subresource !== '') return refuse('cannot authorize ResourceSlice subresources')
  switch (info.verb) {
    case 'create':
      return ALLOW
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      if (info.name === '') return refuse('No Object name found')
      return slices.get(info.name)?.spec.nodeName === node ? ALLOW : refuse(`no relationship found between node '${node}' and this object`)
    case 'watch':
    case 'list':
    case 'deletecollection':
      return selects(info, 'spec.nodeName', node)
        ? ALLOW
        : refuse('can only list/watch/deletecollection resourceslices with nodeName field selector')
    default:
      return refuse(
        'only the following verbs are allowed for a ResourceSlice: get, watch, list, create, update, patch, delete, deletecollection',
      )
  }
}

/** Whether the request's field selector demands that `path` be `value`. */
function selects(info: RequestInfo, path: string, value: string): boolean {
  if (info.fieldSelector === undefined) return false
  try {
    return parseFieldSelector(info.fieldSelector).requirements.some((r) => r.field === path && r.operator !== '!=' && r.value === value)
  } catch {
    return false // the endpoints will say what is wrong with it, to those who may ask
  }
}

function usesSecret(pod: Pod, name: string): boolean {
  return (
    pod.spec.imagePullSecrets?.some((s) => s.name === name) === true ||
    containersOf(pod).some(
      (c) => c.env?.some((e) => e.valueFrom?.secretKeyRef?.name === name) || c.envFrom?.some((e) => e.secretRef?.name === name),
    ) ||
    volumesOf(pod).some(
      (v) =>
        v.secret?.secretName === name ||
        v.projected?.sources?.some((s) => s.secret?.name === name) ||
        v.csi?.nodePublishSecretRef?.name === name,
    )
  )
}

function usesConfigMap(pod: Pod, name: string): boolean {
  return (
    containersOf(pod).some(
      (c) => c.env?.some((e) => e.valueFrom?.configMapKeyRef?.name === name) || c.envFrom?.some((e) => e.configMapRef?.name === name),
    ) || volumesOf(pod).some((v) => v.configMap?.name === name || v.projected?.sources?.some((s) => s.configMap?.name === name))
  )
}

function usesClaim(pod: Pod, name: string): boolean {
  return volumesOf(pod).some(
    (v) => v.persistentVolumeClaim?.claimName === name || (v.ephemeral !== undefined && `${pod.metadata.name}-${v.name}` === name),
  )
}

/** The claim is named by the pod, or was made for it. */
function usesDevices({ spec, status }: Pod, name: string): boolean {
  return (
    spec.resourceClaims?.some((c) => c.resourceClaimName === name) === true ||
    status.resourceClaimStatuses?.some((c) => c.resourceClaimName === name) === true ||
    status.extendedResourceClaimStatus?.resourceClaimName === name
  )
}

const containersOf = ({ spec }: Pod) => [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
const volumesOf = ({ spec }: Pod) => spec.volumes ?? []
