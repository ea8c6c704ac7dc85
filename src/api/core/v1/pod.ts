/** Declares Pod (core/v1). */

import { Affinity } from './affinity.ts'
import {
  AppArmorProfile,
  Container,
  EphemeralContainer,
  ResourceRequirements,
  SELinuxOptions,
  SeccompProfile,
  WindowsSecurityContextOptions,
} from './container.ts'
import { ContainerStatus } from './container-status.ts'
import { LocalObjectReference } from './reference.ts'
import { podColumns } from './pod-columns.ts'
import { podDefaults, podSpecDefaults, podSpecErrors } from './pod-rules.ts'
import { podUpdateErrors } from './pod-update-rules.ts'
import { Toleration } from './toleration.ts'
import { Volume } from './volume.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import {
  bool,
  int32,
  int64,
  list,
  map,
  message,
  oneOf,
  oneOfInOrder,
  opt,
  quantity,
  req,
  rulesFor,
  string,
  time,
  val,
} from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class Sysctl extends message('k8s.io.api.core.v1.Sysctl', {
  name: req(1, string),
  value: req(2, string, { mayBeEmpty: true }),
}) {}

export class PodSecurityContext extends message('k8s.io.api.core.v1.PodSecurityContext', {
  seLinuxOptions: opt(1, SELinuxOptions),
  windowsOptions: opt(8, WindowsSecurityContextOptions),
  runAsUser: opt(2, int64(), { keepsZero: true }),
  runAsGroup: opt(6, int64(), { keepsZero: true }),
  runAsNonRoot: opt(3, bool, { keepsZero: true }),
  supplementalGroups: opt(4, list(int64(), { listType: 'atomic' })),
  supplementalGroupsPolicy: opt(12, string, { keepsZero: true }),
  fsGroup: opt(5, int64(), { keepsZero: true }),
  sysctls: opt(7, list(Sysctl, { listType: 'atomic' })),
  fsGroupChangePolicy: opt(9, string, { keepsZero: true }),
  seccompProfile: opt(10, SeccompProfile),
  appArmorProfile: opt(11, AppArmorProfile),
  seLinuxChangePolicy: opt(13, string, { keepsZero: true }),
}) {}

export class HostAlias extends message('k8s.io.api.core.v1.HostAlias', {
  ip: req(1, string),
  hostnames: opt(2, list(string, { listType: 'atomic' })),
}) {}

export class PodDNSConfigOption extends message('k8s.io.api.core.v1.PodDNSConfigOption', {
  name: opt(1, string),
  value: opt(2, string, { keepsZero: true }),
}) {}

export class PodDNSConfig extends message('k8s.io.api.core.v1.PodDNSConfig', {
  nameservers: opt(1, list(string, { listType: 'atomic' })),
  searches: opt(2, list(string, { listType: 'atomic' })),
  options: opt(3, list(PodDNSConfigOption, { listType: 'atomic' })),
}) {}

export class PodReadinessGate extends message('k8s.io.api.core.v1.PodReadinessGate', {
  conditionType: req(1, string),
}) {}

export class TopologySpreadConstraint extends message('k8s.io.api.core.v1.TopologySpreadConstraint', {
  maxSkew: req(1, int32()),
  topologyKey: req(2, string),
  whenUnsatisfiable: req(3, oneOf('DoNotSchedule', 'ScheduleAnyway')),
  labelSelector: opt(4, LabelSelector, { mapType: 'atomic' }),
  minDomains: opt(5, int32(), { keepsZero: true }),
  nodeAffinityPolicy: opt(6, oneOf('Honor', 'Ignore'), { keepsZero: true }),
  nodeTaintsPolicy: opt(7, oneOf('Honor', 'Ignore'), { keepsZero: true }),
  matchLabelKeys: opt(8, list(string, { listType: 'atomic' })),
}) {}

export class PodOS extends message('k8s.io.api.core.v1.PodOS', {
  name: req(1, string),
}) {}

export class PodSchedulingGate extends message('k8s.io.api.core.v1.PodSchedulingGate', {
  name: req(1, string),
}) {}

export class PodResourceClaim extends message('k8s.io.api.core.v1.PodResourceClaim', {
  name: req(1, string),
  resourceClaimName: opt(3, string, { keepsZero: true }),
  resourceClaimTemplateName: opt(4, string, { keepsZero: true }),
}) {}

export class PodSchedulingGroup extends message(
  'k8s.io.api.core.v1.PodSchedulingGroup',
  {
    podGroupName: opt(1, string, { keepsZero: true }),
  },
  { unions: [{ members: ['podGroupName'], required: false, published: true }] },
) {}

export class PodSpec extends message('k8s.io.api.core.v1.PodSpec', {
  volumes: opt(1, list(Volume, { listType: 'map', keys: ['name'], patch: { strategy: 'merge,retainKeys', mergeKey: 'name' } })),
  initContainers: opt(20, list(Container, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  containers: req(2, list(Container, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  ephemeralContainers: opt(
    34,
    list(EphemeralContainer, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }),
  ),
  restartPolicy: opt(3, oneOfInOrder('Always', 'OnFailure', 'Never'), { default: 'Always' }),
  terminationGracePeriodSeconds: opt(4, int64(), { default: 30, keepsZero: true }),
  activeDeadlineSeconds: opt(5, int64(), { keepsZero: true }),
  dnsPolicy: opt(6, oneOfInOrder('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'), { default: 'ClusterFirst' }),
  nodeSelector: opt(7, map(string), { mapType: 'atomic' }),
  serviceAccountName: opt(8, string),
  serviceAccount: opt(9, string),
  automountServiceAccountToken: opt(21, bool, { keepsZero: true }),
  nodeName: opt(10, string),
  hostNetwork: opt(11, bool),
  hostPID: opt(12, bool),
  hostIPC: opt(13, bool),
  shareProcessNamespace: opt(27, bool, { keepsZero: true }),
  securityContext: opt(14, PodSecurityContext),
  imagePullSecrets: opt(
    15,
    list(LocalObjectReference, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }),
  ),
  hostname: opt(16, string),
  subdomain: opt(17, string),
  affinity: opt(18, Affinity),
  schedulerName: opt(19, string, { default: 'default-scheduler' }),
  tolerations: opt(22, list(Toleration, { listType: 'atomic' })),
  hostAliases: opt(23, list(HostAlias, { listType: 'map', keys: ['ip'], patch: { strategy: 'merge', mergeKey: 'ip' } })),
  priorityClassName: opt(24, string),
  priority: opt(25, int32(), { keepsZero: true }),
  dnsConfig: opt(26, PodDNSConfig),
  readinessGates: opt(28, list(PodReadinessGate, { listType: 'atomic' })),
  runtimeClassName: opt(29, string, { keepsZero: true }),
  enableServiceLinks: opt(30, bool, { keepsZero: true }),
  preemptionPolicy: opt(31, oneOf('PreemptLowerPriority', 'Never'), { keepsZero: true }),
  overhead: opt(32, map(quantity)),
  topologySpreadConstraints: opt(
    33,
    list(TopologySpreadConstraint, {
      listType: 'map',
      keys: ['topologyKey', 'whenUnsatisfiable'],
      patch: { strategy: 'merge', mergeKey: 'topologyKey' },
    }),
  ),
  setHostnameAsFQDN: opt(35, bool, { keepsZero: true }),
  os: opt(36, PodOS),
  hostUsers: opt(37, bool, { keepsZero: true }),
  schedulingGates: opt(38, list(PodSchedulingGate, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  resourceClaims: opt(
    39,
    list(PodResourceClaim, { listType: 'map', keys: ['name'], patch: { strategy: 'merge,retainKeys', mergeKey: 'name' } }),
  ),
  resources: opt(40, ResourceRequirements),
  hostnameOverride: opt(41, string, { keepsZero: true }),
  schedulingGroup: opt(43, PodSchedulingGroup),
}) {}

rulesFor(PodSpec, { defaults: podSpecDefaults, check: podSpecErrors })

export class PodCondition extends message('k8s.io.api.core.v1.PodCondition', {
  type: req(1, string),
  observedGeneration: opt(7, int64()),
  status: req(2, string),
  lastProbeTime: opt(3, time),
  lastTransitionTime: opt(4, time),
  reason: opt(5, string),
  message: opt(6, string),
}) {}

export class HostIP extends message('k8s.io.api.core.v1.HostIP', {
  ip: req(1, string),
}) {}

export class PodIP extends message('k8s.io.api.core.v1.PodIP', {
  ip: req(1, string),
}) {}

export class PodResourceClaimStatus extends message('k8s.io.api.core.v1.PodResourceClaimStatus', {
  name: req(1, string),
  resourceClaimName: opt(2, string, { keepsZero: true }),
}) {}

export class ContainerExtendedResourceRequest extends message('k8s.io.api.core.v1.ContainerExtendedResourceRequest', {
  containerName: req(1, string),
  resourceName: req(2, string),
  requestName: req(3, string),
}) {}

export class PodExtendedResourceClaimStatus extends message('k8s.io.api.core.v1.PodExtendedResourceClaimStatus', {
  requestMappings: req(1, list(ContainerExtendedResourceRequest, { listType: 'atomic' })),
  resourceClaimName: req(2, string),
}) {}

export class NodeAllocatableResourceClaimStatus extends message('k8s.io.api.core.v1.NodeAllocatableResourceClaimStatus', {
  resourceClaimName: req(1, string),
  containers: opt(2, list(string, { listType: 'set' })),
  resources: req(3, map(quantity)),
}) {}

export class PodStatus extends message('k8s.io.api.core.v1.PodStatus', {
  observedGeneration: opt(17, int64()),
  phase: opt(1, oneOf('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown')),
  conditions: opt(2, list(PodCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
  message: opt(3, string),
  reason: opt(4, string),
  nominatedNodeName: opt(11, string),
  hostIP: opt(5, string),
  hostIPs: opt(16, list(HostIP, { listType: 'atomic', patch: { strategy: 'merge', mergeKey: 'ip' } })),
  podIP: opt(6, string),
  podIPs: opt(12, list(PodIP, { listType: 'map', keys: ['ip'], patch: { strategy: 'merge', mergeKey: 'ip' } })),
  startTime: opt(7, time),
  initContainerStatuses: opt(10, list(ContainerStatus, { listType: 'atomic' })),
  containerStatuses: opt(8, list(ContainerStatus, { listType: 'atomic' })),
  qosClass: opt(9, oneOf('Guaranteed', 'Burstable', 'BestEffort')),
  ephemeralContainerStatuses: opt(13, list(ContainerStatus, { listType: 'atomic' })),
  resize: opt(14, string),
  resourceClaimStatuses: opt(
    15,
    list(PodResourceClaimStatus, { listType: 'map', keys: ['name'], patch: { strategy: 'merge,retainKeys', mergeKey: 'name' } }),
  ),
  extendedResourceClaimStatus: opt(18, PodExtendedResourceClaimStatus),
  allocatedResources: opt(19, map(quantity)),
  resources: opt(20, ResourceRequirements),
  nodeAllocatableResourceClaimStatuses: opt(21, list(NodeAllocatableResourceClaimStatus, { listType: 'atomic' })),
}) {}

export class Pod extends object('k8s.io.api.core.v1.Pod', {
  metadata: val(1, ObjectMeta),
  spec: val(2, PodSpec),
  status: val(3, PodStatus),
}) {}

rulesFor(Pod, {
  defaults: podDefaults,
  checkUpdate: podUpdateErrors,
})

export const pods = resource(Pod, {
  group: '',
  version: 'v1',
  kind: 'Pod',
  plural: 'pods',
  scope: 'Namespaced',
  shortNames: ['po'],
  categories: ['all'],
  columns: podColumns,
  selectable: {
    'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec.hostNetwork ?? false),
    'status.phase': (pod) => pod.status.phase ?? '',
    'status.podIP': (pod) => pod.status.podIPs?.[0]?.ip ?? pod.status.podIP ?? '',
    'status.nominatedNodeName': (pod) => pod.status.nominatedNodeName ?? '',
  },
  subresources: [
    { name: 'attach', verbs: ['create', 'get'], kind: { group: '', version: 'v1', kind: 'PodAttachOptions' } },
    { name: 'binding', verbs: ['create'], kind: { group: '', version: 'v1', kind: 'Binding' } },
    { name: 'ephemeralcontainers', verbs: ['get', 'patch', 'update'] },
    { name: 'eviction', verbs: ['create'], kind: { group: 'policy', version: 'v1', kind: 'Eviction' } },
    { name: 'exec', verbs: ['create', 'get'], kind: { group: '', version: 'v1', kind: 'PodExecOptions' } },
    { name: 'log', verbs: ['get'] },
    { name: 'portforward', verbs: ['create', 'get'], kind: { group: '', version: 'v1', kind: 'PodPortForwardOptions' } },
    { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: { group: '', version: 'v1', kind: 'PodProxyOptions' } },
    { name: 'resize', verbs: ['get', 'patch', 'update'] },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
})
