/** What kubelets may do: everything about their own node and the pods on it, nothing about others'. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { PodCertificateRequest } from '#api/certificates/v1/pod-certificate-request.ts'
import type { PersistentVolumeClaim } from '#api/core/v1/persistent-volume-claim.ts'
import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { PolicyRule } from '#api/rbac/v1/cluster-role.ts'
import type { ResourceSlice } from '#api/resource/v1/resource-slice.ts'
import type { VolumeAttachment } from '#api/storage/v1/volume-attachment.ts'
import type { RequestInfo } from '#apiserver/request-context.ts'
import type { Lister } from '#client/informer.ts'
import { parseFieldSelector } from '#schema/selector.ts'
import type { Authorizer, Decision } from './authorizer.ts'
import { claimsOf, givesRights, usesClaim, usesConfigMap, usesDevices, usesSecret, volumeUsesSecret } from './pod-references.ts'
import { ruleAllows } from './policy-rule.ts'

const LEASE_NAMESPACE = 'kube-node-lease'
const READ = ['get', 'list', 'watch']

/** What every node may, whichever it is. Objects that have to be looked into are decided below. */
const NODE_RULES: readonly PolicyRule[] = [
  { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['tokenreviews'] },
  { verbs: ['create'], apiGroups: ['authorization.k8s.io'], resources: ['localsubjectaccessreviews', 'subjectaccessreviews'] },
  { verbs: READ, apiGroups: [''], resources: ['services'] },
  { verbs: ['create', 'patch', 'update'], apiGroups: ['', 'events.k8s.io'], resources: ['events'] },
  { verbs: ['get'], apiGroups: [''], resources: ['endpoints'] },
  { verbs: ['create', ...READ], apiGroups: ['certificates.k8s.io'], resources: ['certificatesigningrequests'] },
  { verbs: READ, apiGroups: ['storage.k8s.io'], resources: ['csidrivers'] },
  { verbs: READ, apiGroups: ['node.k8s.io'], resources: ['runtimeclasses'] },
  { verbs: READ, apiGroups: ['certificates.k8s.io'], resources: ['clustertrustbundles'] },
]

export interface NodeAuthorizerListers {
  /** Indexed by `spec.nodeName`. */
  readonly pods: Pick<Lister<Pod>, 'get' | 'by'>
  readonly claims: Pick<Lister<PersistentVolumeClaim>, 'get'>
  readonly volumes: Pick<Lister<PersistentVolume>, 'get'>
  readonly attachments: Pick<Lister<VolumeAttachment>, 'get'>
  readonly slices: Pick<Lister<ResourceSlice>, 'get'>
  readonly certificateRequests: Pick<Lister<PodCertificateRequest>, 'get'>
}

/** The node a user is, '' for one that does not say which; undefined for all other users. */
export function nodeNameOf(user: UserInfo): string | undefined {
  const { username = '' } = user
  return username.startsWith('system:node:') && user.groups?.includes('system:nodes') ? username.slice('system:node:'.length) : undefined
}

export function nodeAuthorizer(listers: NodeAuthorizerListers): Authorizer {
  return {
    authorize({ user, info }): Decision {
      const node = nodeNameOf(user)
      if (node === undefined) return { type: 'no-opinion', reason: '' }
      if (node === '') return refuse(`unknown node for user ${JSON.stringify(user.username)}`)
      const decide = info.isResourceRequest ? BY_RESOURCE[`${info.group}/${info.resource}`] : undefined
      if (decide) return decide(node, info, listers)
      return NODE_RULES.some((rule) => ruleAllows(rule, info)) ? ALLOW : refuse('')
    },
    rulesFor: (user) => ({
      rules: [],
      errors: nodeNameOf(user) === undefined ? [] : ['node authorizer does not support user rule resolution'],
    }),
  }
}

const ALLOW: Decision = { type: 'allow', reason: '' }
const refuse = (reason: string): Decision => ({ type: 'no-opinion', reason })

type Decide = (node: string, info: RequestInfo, listers: NodeAuthorizerListers) => Decision
type Concerns = (node: string, info: RequestInfo, listers: NodeAuthorizerListers) => boolean

/** One object, allowed when it has to do with the node. */
function related(node: string, info: RequestInfo, listers: NodeAuthorizerListers, concerns: Concerns): Decision {
  if (info.name === '') return refuse('No Object name found')
  return concerns(node, info, listers) ? ALLOW : refuse(`no relationship found between node '${node}' and this object`)
}

const read =
  (concerns: Concerns): Decide =>
  (node, info, listers) => {
    if (!READ.includes(info.verb)) return refuse('can only read resources of this type')
    if (info.subresource !== '') return refuse('cannot read subresource')
    if (info.namespace === '') return refuse('can only read namespaced object of this type')
    return related(node, info, listers, concerns)
  }

const get =
  (concerns: Concerns): Decide =>
  (node, info, listers) => {
    if (info.verb !== 'get') return refuse('can only get individual resources of this type')
    if (info.subresource !== '') return refuse('cannot get subresource')
    return related(node, info, listers, concerns)
  }

/** Whether a pod on the node, of the object's namespace, refers to the object. */
const byPod =
  (refersTo: (pod: Pod, name: string) => boolean): Concerns =>
  (node, { namespace, name }, listers) =>
    podsOn(node, listers).some((pod) => pod.metadata.namespace === namespace && refersTo(pod, name))

function podsOn(node: string, { pods }: NodeAuthorizerListers): readonly Pod[] {
  return pods.by('spec.nodeName', node).filter(givesRights)
}

const secretConcerns: Concerns = (node, info, listers) =>
  byPod(usesSecret)(node, info, listers) || volumesOn(node, listers).some((volume) => volumeUsesSecret(volume, info.namespace, info.name))

/** The volumes bound to claims of the node's pods. */
function volumesOn(node: string, listers: NodeAuthorizerListers): readonly PersistentVolume[] {
  return podsOn(node, listers).flatMap((pod) =>
    claimsOf(pod).flatMap((name) => {
      const namespace = pod.metadata.namespace ?? ''
      const volume = listers.volumes.get(listers.claims.get(`${namespace}/${name}`)?.spec.volumeName ?? '')
      const claim = volume?.spec.claimRef
      return claim?.namespace === namespace && claim.name === name ? [volume!] : []
    }),
  )
}

const podConcerns: Concerns = (node, { namespace, name }, { pods }) => pods.get(`${namespace}/${name}`)?.spec.nodeName === node

const accountConcerns = byPod((pod, name) => pod.spec.serviceAccountName === name)

const BY_RESOURCE: Readonly<Record<string, Decide>> = {
  '/secrets': read(secretConcerns),
  '/configmaps': read(byPod(usesConfigMap)),
  '/persistentvolumeclaims'(node, info, listers) {
    if (info.subresource !== 'status') return get(byPod(usesClaim))(node, info, listers)
    if (info.verb !== 'update' && info.verb !== 'patch') return refuse('can only get/update/patch this type')
    return related(node, info, listers, byPod(usesClaim))
  },
  '/persistentvolumes': get((node, { name }, listers) => {
    const claim = listers.volumes.get(name)?.spec.claimRef
    return (
      claim?.namespace !== undefined &&
      byPod(usesClaim)(node, { namespace: claim.namespace, name: claim.name ?? '' } as RequestInfo, listers)
    )
  }),
  'resource.k8s.io/resourceclaims': get(byPod(usesDevices)),
  'storage.k8s.io/volumeattachments': get((node, { name }, { attachments }) => attachments.get(name)?.spec.nodeName === node),
  '/serviceaccounts'(node, info, listers) {
    // for the credentials of image pulls that kubelets ask plugins for
    if (info.verb === 'get' && info.subresource === '') return related(node, info, listers, accountConcerns)
    if (info.verb !== 'create' || info.name === '') return refuse('can only create tokens for individual service accounts')
    if (info.subresource !== 'token') return refuse('can only create token subresource of serviceaccount')
    return related(node, info, listers, accountConcerns)
  },
  '/pods': decidePod,
  '/nodes': decideNode,
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
  'resource.k8s.io/resourceslices': decideSlice,
  'certificates.k8s.io/podcertificaterequests': decideCertificateRequest,
}

/** Whose pods may be written is the NodeRestriction admission plugin's to say: it sees them. */
function decidePod(node: string, info: RequestInfo, listers: NodeAuthorizerListers): Decision {
  switch (`${info.verb} ${info.subresource}`) {
    case 'get ':
      return related(node, info, listers, podConcerns)
    case 'list ':
    case 'watch ':
      if (selects(info, 'spec.nodeName', node)) return ALLOW
      return info.name === ''
        ? refuse('can only list/watch pods with spec.nodeName field selector')
        : related(node, info, listers, podConcerns)
    case 'create ':
    case 'delete ':
    case 'update status':
    case 'patch status':
    case 'create eviction':
      return ALLOW
    default:
      return refuse('')
  }
}

/** By its name alone, so that a kubelet can look for its Node before there is one; which may be written is NodeRestriction's to say. */
function decideNode(node: string, info: RequestInfo): Decision {
  switch (`${info.verb} ${info.subresource}`) {
    case 'create ':
    case 'update ':
    case 'patch ':
    case 'update status':
    case 'patch status':
      return ALLOW
    case 'get ':
    case 'list ':
    case 'watch ':
      if (info.name === node) return ALLOW
      return refuse(
        info.name === ''
          ? `node '${node}' cannot read all nodes, only its own Node object`
          : `node '${node}' cannot read '${info.name}', only its own Node object`,
      )
    default:
      return refuse('')
  }
}

/** Which node a new slice is for is the NodeRestriction admission plugin's to check: it sees the object. */
function decideSlice(node: string, info: RequestInfo, listers: NodeAuthorizerListers): Decision {
  if (info.subresource !== '') return refuse('cannot authorize ResourceSlice subresources')
  switch (info.verb) {
    case 'create':
      return ALLOW
    case 'get':
    case 'update':
    case 'patch':
    case 'delete':
      return related(node, info, listers, (_, { name }, { slices }) => slices.get(name)?.spec.nodeName === node)
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

/** For which pods requests may be made is the NodeRestriction admission plugin's to check. */
function decideCertificateRequest(node: string, info: RequestInfo, listers: NodeAuthorizerListers): Decision {
  if (info.subresource !== '') return refuse('nodes may not access the status subresource of PodCertificateRequests')
  switch (info.verb) {
    case 'create':
      return ALLOW
    case 'get':
      return related(
        node,
        info,
        listers,
        (_, { namespace, name }, { certificateRequests }) => certificateRequests.get(`${namespace}/${name}`)?.spec.nodeName === node,
      )
    case 'list':
    case 'watch':
      return selects(info, 'spec.nodeName', node)
        ? ALLOW
        : refuse('can only list/watch podcertificaterequests with nodeName field selector')
    default:
      return refuse(`nodes may not ${info.verb} PodCertificateRequests`)
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
