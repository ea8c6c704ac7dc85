/** Declares Node (core/v1). */

import { nodeColumns } from './node-columns.ts'
import { nodeErrors, nodeUpdateErrors } from './node-rules.ts'
import { Taint } from './toleration.ts'
import { networkWarnings } from './address-warnings.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, list, map, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ConfigMapNodeConfigSource extends message(
  'k8s.io.api.core.v1.ConfigMapNodeConfigSource',
  {
    namespace: req(1, string, { doc: 'Namespace of the ConfigMap.' }),
    name: req(2, string, { doc: 'Name of the ConfigMap.' }),
    uid: opt(3, string, { doc: 'UID of the ConfigMap; only in status.' }),
    resourceVersion: opt(4, string, { doc: 'Resource version of the ConfigMap; only in status.' }),
    kubeletConfigKey: req(5, string, { doc: "Key that holds the kubelet's configuration." }),
  },
  { doc: 'Names a ConfigMap that once configured a kubelet; of no effect today.' },
) {}

export class NodeConfigSource extends message(
  'k8s.io.api.core.v1.NodeConfigSource',
  {
    configMap: opt(2, ConfigMapNodeConfigSource, { doc: 'ConfigMap it came from.' }),
  },
  { doc: "Where a kubelet's configuration once came from; of no effect today." },
) {}

export class NodeSpec extends message(
  'k8s.io.api.core.v1.NodeSpec',
  {
    podCIDR: opt(1, string, { doc: 'Range of IP addresses for the pods of the node; the first of podCIDRs.' }),
    podCIDRs: opt(7, list(string, { listType: 'set', patch: { strategy: 'merge' } }), {
      doc: 'Ranges of IP addresses for the pods of the node, at most one of IPv4 and one of IPv6.',
    }),
    providerID: opt(3, string, { doc: 'How the cloud provider names the machine, as provider://id.' }),
    unschedulable: opt(4, bool, { doc: 'When true, no new pods are scheduled here (cordoned). False by default.' }),
    taints: opt(5, list(Taint, { listType: 'atomic' }), { doc: 'Keeps away pods that do not tolerate them.', checkedAbove: true }),
    configSource: opt(6, NodeConfigSource, { doc: 'Once configured the kubelet; of no effect today. Deprecated.', deprecated: true }),
    externalID: opt(2, string, {
      doc: "No longer filled in; once the cloud provider's name of the machine. Deprecated.",
      deprecated: true,
    }),
  },
  { doc: 'What is wanted of a node.' },
) {}

export class NodeCondition extends message(
  'k8s.io.api.core.v1.NodeCondition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastHeartbeatTime: opt(3, time, { doc: 'When it was last reported.' }),
    lastTransitionTime: opt(4, time, { doc: 'When the status last changed.' }),
    reason: opt(5, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(6, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a node, such as Ready or DiskPressure.' },
) {}

export class NodeAddress extends message(
  'k8s.io.api.core.v1.NodeAddress',
  {
    type: req(1, string, { doc: 'What sort of address: Hostname, InternalIP, ExternalIP, InternalDNS or ExternalDNS.' }),
    address: req(2, string, { doc: 'The address itself.' }),
  },
  { doc: 'One address a node can be reached at.' },
) {}

export class DaemonEndpoint extends message(
  'k8s.io.api.core.v1.DaemonEndpoint',
  {
    Port: req(1, int32(), { doc: 'Port number.' }),
  },
  { doc: 'Where a daemon of a node listens.' },
) {}

export class NodeDaemonEndpoints extends message(
  'k8s.io.api.core.v1.NodeDaemonEndpoints',
  {
    kubeletEndpoint: val(1, DaemonEndpoint, { doc: 'Where the kubelet listens.' }),
  },
  { doc: 'Where the daemons of a node listen.' },
) {}

export class NodeSwapStatus extends message(
  'k8s.io.api.core.v1.NodeSwapStatus',
  {
    capacity: opt(1, int64(), { doc: 'Swap space in bytes.', keepsZero: true }),
  },
  { doc: 'Swap space of a node.' },
) {}

export class NodeSystemInfo extends message(
  'k8s.io.api.core.v1.NodeSystemInfo',
  {
    machineID: req(1, string, { doc: 'Id of the machine from /etc/machine-id.' }),
    systemUUID: req(2, string, { doc: 'Id of the system from its firmware.' }),
    bootID: req(3, string, { doc: 'Id of the boot; a new one after each restart.' }),
    kernelVersion: req(4, string, { doc: 'Version of the kernel, as uname -r says.' }),
    osImage: req(5, string, { doc: 'Name of the operating system, as /etc/os-release says.' }),
    containerRuntimeVersion: req(6, string, { doc: 'Runtime and version, such as containerd://2.1.0.' }),
    kubeletVersion: req(7, string, { doc: 'Version of the kubelet.' }),
    kubeProxyVersion: req(8, string, {
      doc: "No longer trustworthy; the kubelet does not know kube-proxy's version. Deprecated.",
      deprecated: true,
    }),
    operatingSystem: req(9, string, { doc: 'Operating system, such as linux.' }),
    architecture: req(10, string, { doc: 'Processor architecture, such as amd64.' }),
    swap: opt(11, NodeSwapStatus, { doc: 'Swap space of the machine.' }),
  },
  { doc: 'Software and identity of a node.' },
) {}

export class ContainerImage extends message(
  'k8s.io.api.core.v1.ContainerImage',
  {
    names: opt(1, list(string, { listType: 'atomic' }), { doc: 'Names the image is known by, with tags and digests.' }),
    sizeBytes: opt(2, int64(), { doc: 'Size in bytes.' }),
  },
  { doc: 'A container image that lies on a node.' },
) {}

export class AttachedVolume extends message(
  'k8s.io.api.core.v1.AttachedVolume',
  {
    name: req(1, string, { doc: 'Name of the volume, unique on the node.' }),
    devicePath: req(2, string, { doc: 'Path of the device on the node.' }),
  },
  { doc: 'A volume that is attached to a node.' },
) {}

export class NodeConfigStatus extends message(
  'k8s.io.api.core.v1.NodeConfigStatus',
  {
    assigned: opt(1, NodeConfigSource, { doc: 'Configuration the kubelet tries to use.' }),
    active: opt(2, NodeConfigSource, { doc: 'Configuration the kubelet uses.' }),
    lastKnownGood: opt(3, NodeConfigSource, { doc: 'Configuration the kubelet falls back to.' }),
    error: opt(4, string, { doc: 'Why the assigned configuration is not in use.' }),
  },
  { doc: 'State of the kubelet configuration taken from the API; of no effect today.' },
) {}

export class NodeRuntimeHandlerFeatures extends message(
  'k8s.io.api.core.v1.NodeRuntimeHandlerFeatures',
  {
    recursiveReadOnlyMounts: opt(1, bool, { doc: 'Whether mounts can be read-only with all that is below them.', keepsZero: true }),
    userNamespaces: opt(2, bool, { doc: 'Whether pods can have user namespaces, including for volumes.', keepsZero: true }),
  },
  { doc: 'What a runtime handler can do.' },
) {}

export class NodeRuntimeHandler extends message(
  'k8s.io.api.core.v1.NodeRuntimeHandler',
  {
    name: opt(1, string, { doc: 'Name of the handler; empty for the default one.' }),
    features: opt(2, NodeRuntimeHandlerFeatures, { doc: 'What the handler can do.' }),
  },
  { doc: 'One runtime handler of a node, as RuntimeClass names them.' },
) {}

export class NodeFeatures extends message(
  'k8s.io.api.core.v1.NodeFeatures',
  {
    supplementalGroupsPolicy: opt(1, bool, {
      doc: 'Whether supplementalGroupsPolicy and the users of containers are supported.',
      keepsZero: true,
    }),
  },
  { doc: 'What the container runtime of a node can do, whatever the handler.' },
) {}

export class NodeStatus extends message(
  'k8s.io.api.core.v1.NodeStatus',
  {
    capacity: opt(1, map(quantity), { doc: 'All resources of the node, by name.' }),
    allocatable: opt(2, map(quantity), { doc: 'Resources that pods may use; what is left of capacity after reservations.' }),
    phase: opt(3, string, { doc: 'No longer filled in; see conditions. Deprecated.', deprecated: true }),
    conditions: opt(4, list(NodeCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of the node, such as Ready, MemoryPressure or DiskPressure.',
    }),
    addresses: opt(5, list(NodeAddress, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'Addresses the node can be reached at.',
    }),
    daemonEndpoints: val(6, NodeDaemonEndpoints, { doc: 'Where the daemons of the node listen.' }),
    nodeInfo: val(7, NodeSystemInfo, { doc: "Ids and versions of the node's software." }),
    images: opt(8, list(ContainerImage, { listType: 'atomic' }), { doc: 'Container images that lie on the node.' }),
    volumesInUse: opt(9, list(string, { listType: 'atomic' }), { doc: 'Attachable volumes that are mounted; they must not be detached.' }),
    volumesAttached: opt(10, list(AttachedVolume, { listType: 'atomic' }), { doc: 'Volumes that are attached to the node.' }),
    config: opt(11, NodeConfigStatus, { doc: 'State of a configuration from the API; of no effect today.' }),
    runtimeHandlers: opt(12, list(NodeRuntimeHandler, { listType: 'atomic' }), { doc: 'Runtime handlers there are.' }),
    features: opt(13, NodeFeatures, { doc: 'What the container runtime can do.' }),
    declaredFeatures: opt(14, list(string, { listType: 'atomic' }), {
      doc: 'Names of Kubernetes features the node supports, for the scheduler.',
    }),
  },
  { doc: 'What is observed of a node.' },
) {}

export class Node extends object(
  'k8s.io.api.core.v1.Node',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, NodeSpec, { doc: 'What is wanted of the node.' }),
    status: val(3, NodeStatus, { doc: 'What is observed of the node; written by its kubelet.' }),
  },
  { doc: 'A machine that runs pods.' },
) {}

export const nodes = resource(Node, {
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  scope: 'Cluster',
  shortNames: ['no'],
  subresources: [
    { name: 'proxy', verbs: ['create', 'delete', 'get', 'patch', 'update'], kind: { group: '', version: 'v1', kind: 'NodeProxyOptions' } },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
  columns: nodeColumns,
  selectable: { 'spec.unschedulable': (n) => String(n.spec.unschedulable ?? false) },
})

rulesFor(NodeStatus, {
  /** Until the kubelet says otherwise, all of a node can be used. */
  defaults: ({ capacity, allocatable }) => (allocatable === undefined && capacity !== undefined ? { allocatable: capacity } : undefined),
})

/** The single range and the list are two ways to say the same; where they differ, the single one counts. */
rulesFor(NodeSpec, {
  defaults({ podCIDR, podCIDRs }) {
    if (podCIDR) return podCIDRs?.[0] === podCIDR ? undefined : { podCIDRs: [podCIDR] }
    return podCIDRs?.[0] ? { podCIDR: podCIDRs[0] } : undefined
  },
})

rulesFor(Node, {
  check: nodeErrors,
  checkUpdate: nodeUpdateErrors,
  warn: ({ spec }) => [
    ...(spec?.configSource ? ['spec.configSource: deprecated in v1.22, support removal is planned in v1.23'] : []),
    ...(spec?.externalID ? ['spec.externalID: this field is deprecated, and is unused by Kubernetes'] : []),
    ...(spec?.podCIDRs ?? []).flatMap((cidr, i) => networkWarnings(cidr, `spec.podCIDRs[${i}]`)),
  ],
})
