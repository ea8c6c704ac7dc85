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
import { podDefaults, podSpecDefaults } from './pod-defaults.ts'
import { podErrors, podSpecErrors } from './pod-rules.ts'
import { podUpdateErrors } from './pod-update-rules.ts'
import { podWarnings } from './pod-warnings.ts'
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

export class Sysctl extends message(
  'k8s.io.api.core.v1.Sysctl',
  {
    name: req(1, string, { doc: 'Name, such as net.core.somaxconn.' }),
    value: req(2, string, { doc: 'Value to set.', mayBeEmpty: true }),
  },
  { doc: 'A kernel parameter.' },
) {}

export class PodSecurityContext extends message(
  'k8s.io.api.core.v1.PodSecurityContext',
  {
    seLinuxOptions: opt(1, SELinuxOptions, { doc: 'SELinux label. One the runtime picks by default.' }),
    windowsOptions: opt(8, WindowsSecurityContextOptions, { doc: 'Settings for Windows.' }),
    runAsUser: opt(2, int64(), { doc: "User id to run as. The image's by default.", keepsZero: true }),
    runAsGroup: opt(6, int64(), { doc: "Group id to run as. The runtime's by default.", keepsZero: true }),
    runAsNonRoot: opt(3, bool, { doc: 'Whether to refuse to start as user 0.', keepsZero: true }),
    supplementalGroups: opt(4, list(int64(), { listType: 'atomic' }), { doc: 'Further group ids of the first processes.' }),
    supplementalGroupsPolicy: opt(12, string, {
      doc: "Whether the image's groups are added: Merge (the default) or Strict.",
      keepsZero: true,
    }),
    fsGroup: opt(5, int64(), { doc: 'Group id that owns the volumes that allow it, and that every process gets.', keepsZero: true }),
    sysctls: opt(7, list(Sysctl, { listType: 'atomic' }), { doc: "Kernel parameters of the pod's namespaces." }),
    fsGroupChangePolicy: opt(9, string, {
      doc: 'When to change owners in a volume: Always (the default) or OnRootMismatch.',
      keepsZero: true,
    }),
    seccompProfile: opt(10, SeccompProfile, { doc: 'Which system calls are allowed.' }),
    appArmorProfile: opt(11, AppArmorProfile, { doc: 'Which AppArmor profile applies.' }),
    seLinuxChangePolicy: opt(13, string, { doc: 'How volumes get the SELinux label: MountOption or Recursive.', keepsZero: true }),
  },
  { doc: "Security settings of all containers of a pod; a container's own go before them." },
) {}

export class HostAlias extends message(
  'k8s.io.api.core.v1.HostAlias',
  {
    ip: req(1, string, { doc: 'IP address.' }),
    hostnames: opt(2, list(string, { listType: 'atomic' }), { doc: 'Names of that address.' }),
  },
  { doc: "A line of the pod's hosts file." },
) {}

export class PodDNSConfigOption extends message(
  'k8s.io.api.core.v1.PodDNSConfigOption',
  {
    name: opt(1, string, { doc: 'Name, such as ndots.' }),
    value: opt(2, string, { doc: 'Value, if it has one.', keepsZero: true }),
  },
  { doc: 'A resolver option.' },
) {}

export class PodDNSConfig extends message(
  'k8s.io.api.core.v1.PodDNSConfig',
  {
    nameservers: opt(1, list(string, { listType: 'atomic' }), { doc: 'IP addresses of further name servers.' }),
    searches: opt(2, list(string, { listType: 'atomic' }), { doc: 'Further search domains.' }),
    options: opt(3, list(PodDNSConfigOption, { listType: 'atomic' }), { doc: 'Resolver options; they go before those of the policy.' }),
  },
  { doc: 'DNS settings that are added to those of dnsPolicy.' },
) {}

export class PodReadinessGate extends message(
  'k8s.io.api.core.v1.PodReadinessGate',
  {
    conditionType: req(1, string, { doc: "Type of the condition in the pod's status." }),
  },
  { doc: 'A condition that must be true for the pod to be ready.' },
) {}

export class TopologySpreadConstraint extends message(
  'k8s.io.api.core.v1.TopologySpreadConstraint',
  {
    maxSkew: req(1, int32(), { doc: 'Most by which a domain may have more matching pods than the least filled one; at least 1.' }),
    topologyKey: req(2, string, { doc: 'Node label whose values are the domains.', mayBeEmpty: true }),
    whenUnsatisfiable: req(3, oneOf('DoNotSchedule', 'ScheduleAnyway'), {
      doc: 'DoNotSchedule, or ScheduleAnyway to merely prefer what lowers the skew.',
      mayBeEmpty: true,
    }),
    labelSelector: opt(4, LabelSelector, { doc: 'Chooses the pods that are counted.', mapType: 'atomic' }),
    minDomains: opt(5, int32(), {
      doc: 'Domains there should be; with fewer, the least count is taken as 0. 1 by default.',
      keepsZero: true,
    }),
    nodeAffinityPolicy: opt(6, oneOf('Honor', 'Ignore'), {
      doc: "Whether to count only nodes that the pod's node affinity allows: Honor (the default) or Ignore.",
      keepsZero: true,
    }),
    nodeTaintsPolicy: opt(7, oneOf('Honor', 'Ignore'), {
      doc: 'Whether to count only nodes whose taints the pod tolerates: Honor, or Ignore (the default).',
      keepsZero: true,
    }),
    matchLabelKeys: opt(8, list(string, { listType: 'atomic' }), {
      doc: 'Labels whose values are taken from the pod itself, to count only pods with the same.',
    }),
  },
  { doc: 'Spreads matching pods over topology domains.' },
) {}

export class PodOS extends message(
  'k8s.io.api.core.v1.PodOS',
  {
    name: req(1, string, { doc: 'linux or windows.', mayBeEmpty: true }),
  },
  { doc: 'Operating system of a pod.' },
) {}

export class PodSchedulingGate extends message(
  'k8s.io.api.core.v1.PodSchedulingGate',
  {
    name: req(1, string, { doc: 'Name of the gate.' }),
  },
  { doc: 'Holds the scheduling of a pod back until it is removed.' },
) {}

export class PodResourceClaim extends message(
  'k8s.io.api.core.v1.PodResourceClaim',
  {
    name: req(1, string, { doc: 'Name by which containers refer to it.' }),
    resourceClaimName: opt(3, string, { doc: 'Name of a ResourceClaim in the namespace.', keepsZero: true }),
    resourceClaimTemplateName: opt(4, string, {
      doc: 'Name of a ResourceClaimTemplate from which a claim is made for this pod.',
      keepsZero: true,
    }),
  },
  { doc: 'A resource claim that containers can use; exactly one of its sources must be set.' },
) {}

export class PodSchedulingGroup extends message(
  'k8s.io.api.core.v1.PodSchedulingGroup',
  {
    podGroupName: opt(1, string, { doc: 'Name of the PodGroup in the namespace.', keepsZero: true }),
  },
  { doc: 'Pods that are scheduled together.', unions: [{ members: ['podGroupName'], required: false, published: true }] },
) {}

export class PodSpec extends message(
  'k8s.io.api.core.v1.PodSpec',
  {
    volumes: opt(1, list(Volume, { listType: 'map', keys: ['name'], patch: { strategy: 'merge,retainKeys', mergeKey: 'name' } }), {
      doc: 'Volumes that containers can mount.',
    }),
    initContainers: opt(20, list(Container, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Containers that run to their end one after another before the others start; those with restartPolicy Always run on.',
    }),
    containers: req(2, list(Container, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Containers of the pod; at least one. None can be added or removed later.',
    }),
    ephemeralContainers: opt(
      34,
      list(EphemeralContainer, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }),
      { doc: 'Containers added to the running pod through its ephemeralcontainers subresource.' },
    ),
    restartPolicy: opt(3, oneOfInOrder('Always', 'OnFailure', 'Never'), {
      doc: 'When to restart ended containers: Always (the default), OnFailure or Never.',
      default: 'Always',
    }),
    terminationGracePeriodSeconds: opt(4, int64(), {
      doc: 'Seconds from the stop signal to the kill; 0 kills at once. 30 by default.',
      default: 30,
      keepsZero: true,
    }),
    activeDeadlineSeconds: opt(5, int64(), { doc: 'Seconds after which the pod fails, counted from its start.', keepsZero: true }),
    dnsPolicy: opt(6, oneOfInOrder('ClusterFirstWithHostNet', 'ClusterFirst', 'Default', 'None'), {
      doc: 'Where DNS settings come from: ClusterFirst (the default), ClusterFirstWithHostNet, Default or None.',
      default: 'ClusterFirst',
    }),
    nodeSelector: opt(7, map(string), { doc: 'Labels a node must carry for the pod to run there.', mapType: 'atomic' }),
    serviceAccountName: opt(8, string, { doc: 'Service account the pod acts as. default by default.' }),
    serviceAccount: opt(9, string, { doc: 'Old name of serviceAccountName. Deprecated.', deprecated: true }),
    automountServiceAccountToken: opt(21, bool, {
      doc: 'Whether to mount a token of the service account. As the account says by default.',
      keepsZero: true,
    }),
    nodeName: opt(10, string, { doc: 'Node the pod runs on; the scheduler sets it.' }),
    hostNetwork: opt(11, bool, { doc: "Whether to use the node's network. False by default." }),
    hostPID: opt(12, bool, { doc: "Whether to see the node's processes. False by default." }),
    hostIPC: opt(13, bool, { doc: "Whether to use the node's IPC namespace. False by default." }),
    shareProcessNamespace: opt(27, bool, {
      doc: "Whether containers see each other's processes; not with hostPID. False by default.",
      keepsZero: true,
    }),
    securityContext: opt(14, PodSecurityContext, { doc: 'Security settings of all containers.' }),
    imagePullSecrets: opt(
      15,
      list(LocalObjectReference, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }),
      { doc: 'Secrets with credentials for pulling images.' },
    ),
    hostname: opt(16, string, { doc: "Host name in the pod. The pod's name by default." }),
    subdomain: opt(17, string, { doc: "Puts the pod at hostname.subdomain.namespace.svc and the cluster's domain." }),
    affinity: opt(18, Affinity, { doc: 'Where the pod should or must run.' }),
    schedulerName: opt(19, string, { doc: 'Scheduler that places the pod. default-scheduler by default.', default: 'default-scheduler' }),
    tolerations: opt(22, list(Toleration, { listType: 'atomic' }), { doc: 'Taints of nodes the pod stands.' }),
    hostAliases: opt(23, list(HostAlias, { listType: 'map', keys: ['ip'], patch: { strategy: 'merge', mergeKey: 'ip' } }), {
      doc: "Lines to add to the pod's hosts file.",
    }),
    priorityClassName: opt(24, string, { doc: "PriorityClass of the pod; the global default's, or else none, by default." }),
    priority: opt(25, int32(), { doc: 'Priority, filled in from priorityClassName; more is more important.', keepsZero: true }),
    dnsConfig: opt(26, PodDNSConfig, { doc: 'DNS settings to add to those of dnsPolicy.' }),
    readinessGates: opt(28, list(PodReadinessGate, { listType: 'atomic' }), {
      doc: 'Conditions that must be true, beside ready containers, for the pod to be ready.',
    }),
    runtimeClassName: opt(29, string, {
      doc: "RuntimeClass that says how to run the containers. The node's default handler by default.",
      keepsZero: true,
    }),
    enableServiceLinks: opt(30, bool, {
      doc: "Whether to set environment variables for the namespace's Services. True by default.",
      keepsZero: true,
    }),
    preemptionPolicy: opt(31, oneOfInOrder('PreemptLowerPriority', 'Never'), {
      doc: 'Whether less important pods may be evicted for it: PreemptLowerPriority (the default) or Never.',
      keepsZero: true,
    }),
    overhead: opt(32, map(quantity), { doc: 'Resources that running the pod itself takes; filled in from the RuntimeClass.' }),
    topologySpreadConstraints: opt(
      33,
      list(TopologySpreadConstraint, {
        listType: 'map',
        keys: ['topologyKey', 'whenUnsatisfiable'],
        patch: { strategy: 'merge', mergeKey: 'topologyKey' },
      }),
      { doc: 'How to spread matching pods over topology domains; all must hold.' },
    ),
    setHostnameAsFQDN: opt(35, bool, { doc: 'Whether the host name is the fully qualified one. False by default.', keepsZero: true }),
    os: opt(36, PodOS, { doc: 'Operating system the pod is for.' }),
    hostUsers: opt(37, bool, {
      doc: "Whether to use the node's user namespace; false gives the pod its own. True by default.",
      keepsZero: true,
    }),
    schedulingGates: opt(38, list(PodSchedulingGate, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Gates that hold the scheduling back; can be removed later but not added.',
    }),
    resourceClaims: opt(
      39,
      list(PodResourceClaim, { listType: 'map', keys: ['name'], patch: { strategy: 'merge,retainKeys', mergeKey: 'name' } }),
      { doc: 'Resource claims that containers can use.' },
    ),
    resources: opt(40, ResourceRequirements, { doc: 'Resources of the pod as a whole, which its containers share.' }),
    hostnameOverride: opt(41, string, { doc: 'Host name in the pod, whatever hostname and subdomain say.', keepsZero: true }),
    schedulingGroup: opt(43, PodSchedulingGroup, { doc: 'Pods it is scheduled together with.' }),
  },
  { doc: 'What is wanted of a pod.' },
) {}

rulesFor(PodSpec, { defaults: podSpecDefaults, check: podSpecErrors })

export class PodCondition extends message(
  'k8s.io.api.core.v1.PodCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    observedGeneration: opt(7, int64(), { doc: 'The metadata.generation this condition was judged by.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastProbeTime: opt(3, time, { doc: 'When it was last checked.' }),
    lastTransitionTime: opt(4, time, { doc: 'When the status last changed.' }),
    reason: opt(5, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(6, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a pod, such as Ready or PodScheduled.' },
) {}

export class HostIP extends message(
  'k8s.io.api.core.v1.HostIP',
  {
    ip: req(1, string, { doc: 'The address.' }),
  },
  { doc: 'An IP address of the node.' },
) {}

export class PodIP extends message(
  'k8s.io.api.core.v1.PodIP',
  {
    ip: req(1, string, { doc: 'The address.' }),
  },
  { doc: 'An IP address of the pod.' },
) {}

export class PodResourceClaimStatus extends message(
  'k8s.io.api.core.v1.PodResourceClaimStatus',
  {
    name: req(1, string, { doc: 'Name of the entry in spec.resourceClaims.' }),
    resourceClaimName: opt(2, string, { doc: 'Name of the ResourceClaim; absent if none was needed.', keepsZero: true }),
  },
  { doc: 'The claim that was made from a template.' },
) {}

export class ContainerExtendedResourceRequest extends message(
  'k8s.io.api.core.v1.ContainerExtendedResourceRequest',
  {
    containerName: req(1, string, { doc: 'Name of the container.' }),
    resourceName: req(2, string, { doc: 'Name of the extended resource.' }),
    requestName: req(3, string, { doc: 'Name of the request in the claim.' }),
  },
  { doc: 'Ties an extended resource of a container to a request of a resource claim.' },
) {}

export class PodExtendedResourceClaimStatus extends message(
  'k8s.io.api.core.v1.PodExtendedResourceClaimStatus',
  {
    requestMappings: req(1, list(ContainerExtendedResourceRequest, { listType: 'atomic' }), {
      doc: "Which request stands for which container's resource.",
    }),
    resourceClaimName: req(2, string, { doc: 'Name of the claim.' }),
  },
  { doc: "The claim that was made for a pod's extended resources." },
) {}

export class NodeAllocatableResourceClaimStatus extends message(
  'k8s.io.api.core.v1.NodeAllocatableResourceClaimStatus',
  {
    resourceClaimName: req(1, string, { doc: 'Name of the claim.' }),
    containers: opt(2, list(string, { listType: 'set' }), { doc: 'Containers that use the claim.' }),
    resources: req(3, map(quantity), { doc: 'Amounts it takes, by resource.' }),
  },
  { doc: "What a resource claim takes of the node's allocatable resources." },
) {}

export class PodStatus extends message(
  'k8s.io.api.core.v1.PodStatus',
  {
    observedGeneration: opt(17, int64(), { doc: 'The metadata.generation that this status reflects.' }),
    phase: opt(1, oneOf('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'), {
      doc: 'Where in its life it is: Pending, Running, Succeeded, Failed or Unknown.',
    }),
    conditions: opt(2, list(PodCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of the pod, such as PodScheduled, Initialized or Ready.',
    }),
    message: opt(3, string, { doc: 'Why it is in this state, in words.' }),
    reason: opt(4, string, { doc: 'Why it is in this state, as one word, such as Evicted.' }),
    nominatedNodeName: opt(11, string, { doc: 'Node on which less important pods make way for it.' }),
    hostIP: opt(5, string, { doc: 'IP address of its node.' }),
    hostIPs: opt(16, list(HostIP, { listType: 'atomic', patch: { strategy: 'merge', mergeKey: 'ip' } }), {
      doc: 'IP addresses of its node; the first is hostIP.',
    }),
    podIP: opt(6, string, { doc: 'IP address of the pod.' }),
    podIPs: opt(12, list(PodIP, { listType: 'map', keys: ['ip'], patch: { strategy: 'merge', mergeKey: 'ip' } }), {
      doc: 'IP addresses of the pod, at most one of IPv4 and one of IPv6; the first is podIP.',
    }),
    startTime: opt(7, time, { doc: 'When the kubelet took the pod on.' }),
    initContainerStatuses: opt(10, list(ContainerStatus, { listType: 'atomic' }), { doc: 'What is observed of the init containers.' }),
    containerStatuses: opt(8, list(ContainerStatus, { listType: 'atomic' }), { doc: 'What is observed of the containers.' }),
    qosClass: opt(9, oneOf('Guaranteed', 'Burstable', 'BestEffort'), {
      doc: 'Guaranteed, Burstable or BestEffort, by what its containers ask for.',
    }),
    ephemeralContainerStatuses: opt(13, list(ContainerStatus, { listType: 'atomic' }), {
      doc: 'What is observed of the ephemeral containers.',
    }),
    resize: opt(14, string, {
      doc: 'State of a resize; the conditions PodResizePending and PodResizeInProgress tell it now. Deprecated.',
      deprecated: true,
    }),
    resourceClaimStatuses: opt(
      15,
      list(PodResourceClaimStatus, { listType: 'map', keys: ['name'], patch: { strategy: 'merge,retainKeys', mergeKey: 'name' } }),
      { doc: 'Claims that were made from templates.' },
    ),
    extendedResourceClaimStatus: opt(18, PodExtendedResourceClaimStatus, { doc: 'Claim that was made for extended resources.' }),
    allocatedResources: opt(19, map(quantity), { doc: 'Requests the node has set aside for the pod as a whole.' }),
    resources: opt(20, ResourceRequirements, { doc: 'Requests and limits in force for the pod as a whole.' }),
    nodeAllocatableResourceClaimStatuses: opt(21, list(NodeAllocatableResourceClaimStatus, { listType: 'atomic' }), {
      doc: "What its claims take of the node's allocatable resources.",
    }),
  },
  { doc: 'What is observed of a pod.' },
) {}

export class Pod extends object(
  'k8s.io.api.core.v1.Pod',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, PodSpec, { doc: 'What is wanted of the pod.' }),
    status: val(3, PodStatus, { doc: 'What is observed of the pod; may be somewhat behind.' }),
  },
  { doc: 'Containers that run together on one node and share its network and volumes.' },
) {}

/** The single address and the list are two ways to say the same; where they differ, the single one counts. */
rulesFor(PodStatus, {
  defaults({ podIP, podIPs }) {
    if (podIP) return podIPs?.[0]?.ip === podIP ? undefined : { podIPs: [{ ip: podIP }] }
    return podIPs?.[0]?.ip ? { podIP: podIPs[0].ip } : undefined
  },
})

rulesFor(Pod, {
  defaults: podDefaults,
  check: podErrors,
  checkUpdate: podUpdateErrors,
  warn: podWarnings,
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
