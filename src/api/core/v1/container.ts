/** Declares container (core/v1). */

import { defaultPullPolicy } from './image-pull-policy.ts'
import { LocalObjectReference } from './reference.ts'
import { ObjectFieldSelector, ResourceFieldSelector } from './volume.ts'
import {
  bool,
  inline,
  int32,
  int64,
  intOrString,
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
  val,
} from '#schema/message.ts'

export class ContainerPort extends message('k8s.io.api.core.v1.ContainerPort', {
  name: opt(1, string),
  hostPort: opt(2, int32()),
  containerPort: req(3, int32()),
  protocol: opt(4, oneOf('TCP', 'UDP', 'SCTP'), { default: 'TCP' }),
  hostIP: opt(5, string),
}) {}

export class ConfigMapEnvSource extends message('k8s.io.api.core.v1.ConfigMapEnvSource', {
  localObjectReference: inline(1, LocalObjectReference),
  optional: opt(2, bool, { keepsZero: true }),
}) {}

export class SecretEnvSource extends message('k8s.io.api.core.v1.SecretEnvSource', {
  localObjectReference: inline(1, LocalObjectReference),
  optional: opt(2, bool, { keepsZero: true }),
}) {}

export class EnvFromSource extends message('k8s.io.api.core.v1.EnvFromSource', {
  prefix: opt(1, string),
  configMapRef: opt(2, ConfigMapEnvSource),
  secretRef: opt(3, SecretEnvSource),
}) {}

export class ConfigMapKeySelector extends message(
  'k8s.io.api.core.v1.ConfigMapKeySelector',
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: req(2, string),
    optional: opt(3, bool, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class SecretKeySelector extends message(
  'k8s.io.api.core.v1.SecretKeySelector',
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: req(2, string),
    optional: opt(3, bool, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class FileKeySelector extends message(
  'k8s.io.api.core.v1.FileKeySelector',
  {
    volumeName: req(1, string),
    path: req(2, string, { keepsZero: true }),
    key: req(3, string),
    optional: opt(4, bool, { keepsZero: true }),
  },
  { mapType: 'atomic' },
) {}

export class EnvVarSource extends message('k8s.io.api.core.v1.EnvVarSource', {
  fieldRef: opt(1, ObjectFieldSelector, { mapType: 'atomic' }),
  resourceFieldRef: opt(2, ResourceFieldSelector, { mapType: 'atomic' }),
  configMapKeyRef: opt(3, ConfigMapKeySelector, { mapType: 'atomic' }),
  secretKeyRef: opt(4, SecretKeySelector, { mapType: 'atomic' }),
  fileKeyRef: opt(5, FileKeySelector, { mapType: 'atomic' }),
}) {}

export class EnvVar extends message('k8s.io.api.core.v1.EnvVar', {
  name: req(1, string),
  value: opt(2, string),
  valueFrom: opt(3, EnvVarSource),
}) {}

export class ResourceClaim extends message('k8s.io.api.core.v1.ResourceClaim', {
  name: req(1, string),
  request: opt(2, string),
}) {}

export class ResourceRequirements extends message('k8s.io.api.core.v1.ResourceRequirements', {
  limits: opt(1, map(quantity)),
  requests: opt(2, map(quantity)),
  claims: opt(3, list(ResourceClaim, { listType: 'map', keys: ['name'] })),
}) {}

export class ContainerResizePolicy extends message('k8s.io.api.core.v1.ContainerResizePolicy', {
  resourceName: req(1, string),
  restartPolicy: req(2, string),
}) {}

export class ContainerRestartRuleOnExitCodes extends message('k8s.io.api.core.v1.ContainerRestartRuleOnExitCodes', {
  operator: req(1, string),
  values: opt(2, list(int32(), { listType: 'set' })),
}) {}

export class ContainerRestartRule extends message('k8s.io.api.core.v1.ContainerRestartRule', {
  action: req(1, string),
  exitCodes: opt(2, ContainerRestartRuleOnExitCodes),
}) {}

export class VolumeMount extends message('k8s.io.api.core.v1.VolumeMount', {
  name: req(1, string),
  readOnly: opt(2, bool),
  recursiveReadOnly: opt(7, string, { keepsZero: true }),
  mountPath: req(3, string),
  subPath: opt(4, string),
  mountPropagation: opt(5, oneOf('None', 'HostToContainer', 'Bidirectional'), { keepsZero: true }),
  subPathExpr: opt(6, string),
}) {}

export class VolumeDevice extends message('k8s.io.api.core.v1.VolumeDevice', {
  name: req(1, string),
  devicePath: req(2, string),
}) {}

export class ExecAction extends message('k8s.io.api.core.v1.ExecAction', {
  command: opt(1, list(string, { listType: 'atomic' })),
}) {}

export class HTTPHeader extends message('k8s.io.api.core.v1.HTTPHeader', {
  name: req(1, string),
  value: req(2, string, { mayBeEmpty: true }),
}) {}

export class HTTPGetAction extends message('k8s.io.api.core.v1.HTTPGetAction', {
  path: opt(1, string, { default: '/' }),
  port: req(2, intOrString, { keepsZero: true }),
  host: opt(3, string),
  scheme: opt(4, oneOf('HTTP', 'HTTPS'), { default: 'HTTP' }),
  httpHeaders: opt(5, list(HTTPHeader, { listType: 'atomic' })),
}) {}

export class TCPSocketAction extends message('k8s.io.api.core.v1.TCPSocketAction', {
  port: req(1, intOrString, { keepsZero: true }),
  host: opt(2, string),
}) {}

export class GRPCAction extends message('k8s.io.api.core.v1.GRPCAction', {
  port: req(1, int32(), { keepsZero: true }),
  service: opt(2, string, { default: '', keepsZero: true }),
}) {}

export class ProbeHandler extends message('k8s.io.api.core.v1.ProbeHandler', {
  exec: opt(1, ExecAction),
  httpGet: opt(2, HTTPGetAction),
  tcpSocket: opt(3, TCPSocketAction),
  grpc: opt(4, GRPCAction),
}) {}

export class Probe extends message('k8s.io.api.core.v1.Probe', {
  handler: inline(1, ProbeHandler),
  initialDelaySeconds: opt(2, int32()),
  timeoutSeconds: opt(3, int32(), { default: 1 }),
  periodSeconds: opt(4, int32(), { default: 10 }),
  successThreshold: opt(5, int32(), { default: 1 }),
  failureThreshold: opt(6, int32(), { default: 3 }),
  terminationGracePeriodSeconds: opt(7, int64(), { keepsZero: true }),
}) {}

export class SleepAction extends message('k8s.io.api.core.v1.SleepAction', {
  seconds: req(1, int64()),
}) {}

export class LifecycleHandler extends message('k8s.io.api.core.v1.LifecycleHandler', {
  exec: opt(1, ExecAction),
  httpGet: opt(2, HTTPGetAction),
  tcpSocket: opt(3, TCPSocketAction),
  sleep: opt(4, SleepAction),
}) {}

export class Lifecycle extends message('k8s.io.api.core.v1.Lifecycle', {
  postStart: opt(1, LifecycleHandler),
  preStop: opt(2, LifecycleHandler),
  stopSignal: opt(3, string, { keepsZero: true }),
}) {}

export class Capabilities extends message('k8s.io.api.core.v1.Capabilities', {
  add: opt(1, list(string, { listType: 'atomic' })),
  drop: opt(2, list(string, { listType: 'atomic' })),
}) {}

export class SELinuxOptions extends message('k8s.io.api.core.v1.SELinuxOptions', {
  user: opt(1, string),
  role: opt(2, string),
  type: opt(3, string),
  level: opt(4, string),
}) {}

export class WindowsSecurityContextOptions extends message('k8s.io.api.core.v1.WindowsSecurityContextOptions', {
  gmsaCredentialSpecName: opt(1, string, { keepsZero: true }),
  gmsaCredentialSpec: opt(2, string, { keepsZero: true }),
  runAsUserName: opt(3, string, { keepsZero: true }),
  hostProcess: opt(4, bool, { keepsZero: true }),
}) {}

export class SeccompProfile extends message(
  'k8s.io.api.core.v1.SeccompProfile',
  {
    type: req(1, oneOf('Unconfined', 'RuntimeDefault', 'Localhost')),
    localhostProfile: opt(2, string, { keepsZero: true }),
  },
  { unions: [{ discriminator: 'type', members: ['localhostProfile'], required: false }] },
) {}

export class AppArmorProfile extends message(
  'k8s.io.api.core.v1.AppArmorProfile',
  {
    type: req(1, string),
    localhostProfile: opt(2, string, { keepsZero: true }),
  },
  { unions: [{ discriminator: 'type', members: ['localhostProfile'], required: false }] },
) {}

export class SecurityContext extends message('k8s.io.api.core.v1.SecurityContext', {
  capabilities: opt(1, Capabilities),
  privileged: opt(2, bool, { keepsZero: true }),
  seLinuxOptions: opt(3, SELinuxOptions),
  windowsOptions: opt(10, WindowsSecurityContextOptions),
  runAsUser: opt(4, int64(), { keepsZero: true }),
  runAsGroup: opt(8, int64(), { keepsZero: true }),
  runAsNonRoot: opt(5, bool, { keepsZero: true }),
  readOnlyRootFilesystem: opt(6, bool, { keepsZero: true }),
  allowPrivilegeEscalation: opt(7, bool, { keepsZero: true }),
  procMount: opt(9, string, { keepsZero: true }),
  seccompProfile: opt(11, SeccompProfile),
  appArmorProfile: opt(12, AppArmorProfile),
}) {}

export class EphemeralContainerCommon extends message('k8s.io.api.core.v1.EphemeralContainerCommon', {
  name: req(1, string),
  image: opt(2, string),
  command: opt(3, list(string, { listType: 'atomic' })),
  args: opt(4, list(string, { listType: 'atomic' })),
  workingDir: opt(5, string),
  ports: opt(
    6,
    list(ContainerPort, { listType: 'map', keys: ['containerPort', 'protocol'], patch: { strategy: 'merge', mergeKey: 'containerPort' } }),
  ),
  envFrom: opt(19, list(EnvFromSource, { listType: 'atomic' })),
  env: opt(7, list(EnvVar, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  resources: val(8, ResourceRequirements),
  resizePolicy: opt(23, list(ContainerResizePolicy, { listType: 'atomic' })),
  restartPolicy: opt(24, string, { keepsZero: true }),
  restartPolicyRules: opt(25, list(ContainerRestartRule, { listType: 'atomic' })),
  volumeMounts: opt(9, list(VolumeMount, { listType: 'map', keys: ['mountPath'], patch: { strategy: 'merge', mergeKey: 'mountPath' } })),
  volumeDevices: opt(
    21,
    list(VolumeDevice, { listType: 'map', keys: ['devicePath'], patch: { strategy: 'merge', mergeKey: 'devicePath' } }),
  ),
  livenessProbe: opt(10, Probe),
  readinessProbe: opt(11, Probe),
  startupProbe: opt(22, Probe),
  lifecycle: opt(12, Lifecycle),
  terminationMessagePath: opt(13, string, { default: '/dev/termination-log' }),
  terminationMessagePolicy: opt(20, oneOfInOrder('File', 'FallbackToLogsOnError'), { default: 'File' }),
  imagePullPolicy: opt(14, oneOf('Always', 'Never', 'IfNotPresent')),
  securityContext: opt(15, SecurityContext),
  stdin: opt(16, bool),
  stdinOnce: opt(17, bool),
  tty: opt(18, bool),
}) {}

export class EphemeralContainer extends message('k8s.io.api.core.v1.EphemeralContainer', {
  ephemeralContainerCommon: inline(1, EphemeralContainerCommon),
  targetContainerName: opt(2, string),
}) {}

export class Container extends message('k8s.io.api.core.v1.Container', {
  name: req(1, string),
  image: opt(2, string),
  command: opt(3, list(string, { listType: 'atomic' })),
  args: opt(4, list(string, { listType: 'atomic' })),
  workingDir: opt(5, string),
  ports: opt(
    6,
    list(ContainerPort, { listType: 'map', keys: ['containerPort', 'protocol'], patch: { strategy: 'merge', mergeKey: 'containerPort' } }),
  ),
  envFrom: opt(19, list(EnvFromSource, { listType: 'atomic' })),
  env: opt(7, list(EnvVar, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
  resources: val(8, ResourceRequirements),
  resizePolicy: opt(23, list(ContainerResizePolicy, { listType: 'atomic' })),
  restartPolicy: opt(24, string, { keepsZero: true }),
  restartPolicyRules: opt(25, list(ContainerRestartRule, { listType: 'atomic' })),
  volumeMounts: opt(9, list(VolumeMount, { listType: 'map', keys: ['mountPath'], patch: { strategy: 'merge', mergeKey: 'mountPath' } })),
  volumeDevices: opt(
    21,
    list(VolumeDevice, { listType: 'map', keys: ['devicePath'], patch: { strategy: 'merge', mergeKey: 'devicePath' } }),
  ),
  livenessProbe: opt(10, Probe),
  readinessProbe: opt(11, Probe),
  startupProbe: opt(22, Probe),
  lifecycle: opt(12, Lifecycle),
  terminationMessagePath: opt(13, string, { default: '/dev/termination-log' }),
  terminationMessagePolicy: opt(20, oneOfInOrder('File', 'FallbackToLogsOnError'), { default: 'File' }),
  imagePullPolicy: opt(14, oneOf('Always', 'Never', 'IfNotPresent')),
  securityContext: opt(15, SecurityContext),
  stdin: opt(16, bool),
  stdinOnce: opt(17, bool),
  tty: opt(18, bool),
}) {}

function pullPolicy({ image = '', imagePullPolicy }: { readonly image?: string; readonly imagePullPolicy?: string }) {
  return imagePullPolicy === undefined ? { imagePullPolicy: defaultPullPolicy(image) } : undefined
}

rulesFor(Container, { defaults: pullPolicy })
rulesFor(EphemeralContainerCommon, { defaults: pullPolicy })
