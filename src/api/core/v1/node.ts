/** Declares Node (core/v1). */

import { sameJson } from '#schema/json-patch.ts'
import { labelValue, qualifiedName, cidr } from '#schema/names.ts'
import { duplicate, forbidden, invalidEach, type FieldError } from '#schema/field-error.ts'
import { nodeColumns } from './node-columns.ts'
import { Taint } from './toleration.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, list, map, message, opt, quantity, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ConfigMapNodeConfigSource extends message('k8s.io.api.core.v1.ConfigMapNodeConfigSource', {
  namespace: req(1, string),
  name: req(2, string),
  uid: opt(3, string),
  resourceVersion: opt(4, string),
  kubeletConfigKey: req(5, string),
}) {}

export class NodeConfigSource extends message('k8s.io.api.core.v1.NodeConfigSource', {
  configMap: opt(2, ConfigMapNodeConfigSource),
}) {}

export class NodeSpec extends message('k8s.io.api.core.v1.NodeSpec', {
  podCIDR: opt(1, string),
  podCIDRs: opt(7, list(string, { listType: 'set', patch: { strategy: 'merge' } })),
  providerID: opt(3, string),
  unschedulable: opt(4, bool),
  taints: opt(5, list(Taint, { listType: 'atomic' })),
  configSource: opt(6, NodeConfigSource),
  externalID: opt(2, string),
}) {}

export class NodeCondition extends message('k8s.io.api.core.v1.NodeCondition', {
  type: req(1, string),
  status: req(2, string),
  lastHeartbeatTime: opt(3, time),
  lastTransitionTime: opt(4, time),
  reason: opt(5, string),
  message: opt(6, string),
}) {}

export class NodeAddress extends message('k8s.io.api.core.v1.NodeAddress', {
  type: req(1, string),
  address: req(2, string),
}) {}

export class DaemonEndpoint extends message('k8s.io.api.core.v1.DaemonEndpoint', {
  Port: req(1, int32()),
}) {}

export class NodeDaemonEndpoints extends message('k8s.io.api.core.v1.NodeDaemonEndpoints', {
  kubeletEndpoint: val(1, DaemonEndpoint),
}) {}

export class NodeSwapStatus extends message('k8s.io.api.core.v1.NodeSwapStatus', {
  capacity: opt(1, int64(), { keepsZero: true }),
}) {}

export class NodeSystemInfo extends message('k8s.io.api.core.v1.NodeSystemInfo', {
  machineID: req(1, string),
  systemUUID: req(2, string),
  bootID: req(3, string),
  kernelVersion: req(4, string),
  osImage: req(5, string),
  containerRuntimeVersion: req(6, string),
  kubeletVersion: req(7, string),
  kubeProxyVersion: req(8, string),
  operatingSystem: req(9, string),
  architecture: req(10, string),
  swap: opt(11, NodeSwapStatus),
}) {}

export class ContainerImage extends message('k8s.io.api.core.v1.ContainerImage', {
  names: opt(1, list(string, { listType: 'atomic' })),
  sizeBytes: opt(2, int64()),
}) {}

export class AttachedVolume extends message('k8s.io.api.core.v1.AttachedVolume', {
  name: req(1, string),
  devicePath: req(2, string),
}) {}

export class NodeConfigStatus extends message('k8s.io.api.core.v1.NodeConfigStatus', {
  assigned: opt(1, NodeConfigSource),
  active: opt(2, NodeConfigSource),
  lastKnownGood: opt(3, NodeConfigSource),
  error: opt(4, string),
}) {}

export class NodeRuntimeHandlerFeatures extends message('k8s.io.api.core.v1.NodeRuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: opt(1, bool, { keepsZero: true }),
  userNamespaces: opt(2, bool, { keepsZero: true }),
}) {}

export class NodeRuntimeHandler extends message('k8s.io.api.core.v1.NodeRuntimeHandler', {
  name: opt(1, string),
  features: opt(2, NodeRuntimeHandlerFeatures),
}) {}

export class NodeFeatures extends message('k8s.io.api.core.v1.NodeFeatures', {
  supplementalGroupsPolicy: opt(1, bool, { keepsZero: true }),
}) {}

export class NodeStatus extends message('k8s.io.api.core.v1.NodeStatus', {
  capacity: opt(1, map(quantity)),
  allocatable: opt(2, map(quantity)),
  phase: opt(3, string),
  conditions: opt(4, list(NodeCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
  addresses: opt(5, list(NodeAddress, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
  daemonEndpoints: val(6, NodeDaemonEndpoints),
  nodeInfo: val(7, NodeSystemInfo),
  images: opt(8, list(ContainerImage, { listType: 'atomic' })),
  volumesInUse: opt(9, list(string, { listType: 'atomic' })),
  volumesAttached: opt(10, list(AttachedVolume, { listType: 'atomic' })),
  config: opt(11, NodeConfigStatus),
  runtimeHandlers: opt(12, list(NodeRuntimeHandler, { listType: 'atomic' })),
  features: opt(13, NodeFeatures),
  declaredFeatures: opt(14, list(string, { listType: 'atomic' })),
}) {}

export class Node extends object('k8s.io.api.core.v1.Node', {
  metadata: val(1, ObjectMeta),
  spec: val(2, NodeSpec),
  status: val(3, NodeStatus),
}) {}

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

rulesFor(NodeSpec, {
  check(spec, path): FieldError[] {
    const errors: FieldError[] = []
    const seen = new Set<string>()
    for (const [index, taint] of (spec.taints ?? []).entries()) {
      const at = `${path}.taints[${index}]`
      if (taint.key !== '') errors.push(...invalidEach(`${at}.key`, taint.key, qualifiedName(taint.key)))
      errors.push(...invalidEach(`${at}.value`, taint.value ?? '', labelValue(taint.value ?? '')))
      const identity = `${taint.key}:${taint.effect}`
      if (seen.has(identity)) errors.push(duplicate(at, taint))
      seen.add(identity)
    }
    for (const [index, range] of (spec.podCIDRs ?? []).entries())
      errors.push(...invalidEach(`${path}.podCIDRs[${index}]`, range, cidr(range)))
    return errors
  },
  checkUpdate(spec, old, path): FieldError[] {
    const errors: FieldError[] = []
    if (old.podCIDRs?.length && !sameJson(spec.podCIDRs ?? [], old.podCIDRs))
      errors.push(forbidden(`${path}.podCIDRs`, 'node updates may not change podCIDR except from "" to valid'))
    if (old.providerID && spec.providerID !== old.providerID)
      errors.push(forbidden(`${path}.providerID`, 'node updates may not change providerID except from "" to valid'))
    return errors
  },
})
