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

export class ContainerPort extends message(
  'k8s.io.api.core.v1.ContainerPort',
  {
    name: opt(1, string, { doc: 'Name by which Services and probes can call the port; unique in the pod.' }),
    hostPort: opt(2, int32(), { doc: 'Port to open on the node, 1 to 65535; with hostNetwork it must equal containerPort.' }),
    containerPort: req(3, int32(), { doc: 'Port in the pod, 1 to 65535.' }),
    protocol: opt(4, oneOf('TCP', 'UDP', 'SCTP'), { doc: 'TCP (the default), UDP or SCTP.', default: 'TCP' }),
    hostIP: opt(5, string, { doc: 'Address of the node on which to open hostPort; all by default.' }),
  },
  { doc: 'A port a container listens on.' },
) {}

export class ConfigMapEnvSource extends message(
  'k8s.io.api.core.v1.ConfigMapEnvSource',
  {
    localObjectReference: inline(1, LocalObjectReference),
    optional: opt(2, bool, { doc: 'Whether the ConfigMap may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'Takes environment variables from a ConfigMap.' },
) {}

export class SecretEnvSource extends message(
  'k8s.io.api.core.v1.SecretEnvSource',
  {
    localObjectReference: inline(1, LocalObjectReference),
    optional: opt(2, bool, { doc: 'Whether the Secret may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'Takes environment variables from a Secret.' },
) {}

export class EnvFromSource extends message(
  'k8s.io.api.core.v1.EnvFromSource',
  {
    prefix: opt(1, string, { doc: 'Put before each name.' }),
    configMapRef: opt(2, ConfigMapEnvSource, { doc: 'ConfigMap to take them from.' }),
    secretRef: opt(3, SecretEnvSource, { doc: 'Secret to take them from.' }),
  },
  { doc: 'Makes every key of a ConfigMap or Secret an environment variable.' },
) {}

export class ConfigMapKeySelector extends message(
  'k8s.io.api.core.v1.ConfigMapKeySelector',
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: req(2, string, { doc: 'The key.' }),
    optional: opt(3, bool, { doc: 'Whether ConfigMap or key may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'Names a key of a ConfigMap.', mapType: 'atomic' },
) {}

export class SecretKeySelector extends message(
  'k8s.io.api.core.v1.SecretKeySelector',
  {
    localObjectReference: inline(1, LocalObjectReference),
    key: req(2, string, { doc: 'The key.' }),
    optional: opt(3, bool, { doc: 'Whether Secret or key may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'Names a key of a Secret.', mapType: 'atomic' },
) {}

export class FileKeySelector extends message(
  'k8s.io.api.core.v1.FileKeySelector',
  {
    volumeName: req(1, string, { doc: 'Volume that holds the file.' }),
    path: req(2, string, { doc: "Path of the file in the volume, relative and without '..'.", keepsZero: true }),
    key: req(3, string, { doc: 'Name of the variable in the file.' }),
    optional: opt(4, bool, { doc: 'Whether file or variable may be missing. False by default.', keepsZero: true }),
  },
  { doc: 'Names a variable in an environment file of a volume.', mapType: 'atomic' },
) {}

export class EnvVarSource extends message(
  'k8s.io.api.core.v1.EnvVarSource',
  {
    fieldRef: opt(1, ObjectFieldSelector, { doc: 'A field of the pod, such as metadata.name or status.podIP.', mapType: 'atomic' }),
    resourceFieldRef: opt(2, ResourceFieldSelector, { doc: 'A resource limit or request of a container.', mapType: 'atomic' }),
    configMapKeyRef: opt(3, ConfigMapKeySelector, { doc: 'A key of a ConfigMap.', mapType: 'atomic' }),
    secretKeyRef: opt(4, SecretKeySelector, { doc: 'A key of a Secret.', mapType: 'atomic' }),
    fileKeyRef: opt(5, FileKeySelector, { doc: 'A variable in an environment file of a volume.', mapType: 'atomic' }),
  },
  { doc: 'Where the value of an environment variable comes from; exactly one may be set.' },
) {}

export class EnvVar extends message(
  'k8s.io.api.core.v1.EnvVar',
  {
    name: req(1, string, { doc: "Name of the variable; any printable characters but '='." }),
    value: opt(2, string, { doc: 'Value, in which $(NAME) stands for variables set before and $$ for $. Empty by default.' }),
    valueFrom: opt(3, EnvVarSource, { doc: 'Where the value comes from, in place of value.' }),
  },
  { doc: 'An environment variable.' },
) {}

export class ResourceClaim extends message(
  'k8s.io.api.core.v1.ResourceClaim',
  {
    name: req(1, string, { doc: "Name of an entry of the pod's resourceClaims.", mayBeEmpty: true }),
    request: opt(2, string, { doc: 'One request of the claim; all of them by default.' }),
  },
  { doc: 'Gives a container access to a resource claim of its pod.' },
) {}

export class ResourceRequirements extends message(
  'k8s.io.api.core.v1.ResourceRequirements',
  {
    limits: opt(1, map(quantity), { doc: 'Most of each resource that may be used, such as cpu: 500m or memory: 1Gi.' }),
    requests: opt(2, map(quantity), { doc: 'Resources to reserve; the limits by default, where there are any.' }),
    claims: opt(3, list(ResourceClaim, { listType: 'map', keys: ['name'] }), { doc: 'Resource claims of the pod that are used here.' }),
  },
  { doc: 'Compute resources that are asked for and allowed.' },
) {}

export class ContainerResizePolicy extends message(
  'k8s.io.api.core.v1.ContainerResizePolicy',
  {
    resourceName: req(1, string, { doc: 'The resource: cpu or memory.' }),
    restartPolicy: req(2, string, { doc: 'NotRequired (the default) or RestartContainer.' }),
  },
  { doc: 'Whether a container restarts when a resource of it is resized.' },
) {}

export class ContainerRestartRuleOnExitCodes extends message(
  'k8s.io.api.core.v1.ContainerRestartRuleOnExitCodes',
  {
    operator: req(1, string, { doc: 'In or NotIn.', mayBeEmpty: true }),
    values: opt(2, list(int32(), { listType: 'set' }), { doc: 'Exit codes; at most 255.' }),
  },
  { doc: "Matches a container's exit code." },
) {}

export class ContainerRestartRule extends message(
  'k8s.io.api.core.v1.ContainerRestartRule',
  {
    action: req(1, string, { doc: 'What to do on a match: Restart, or RestartAllContainers.', mayBeEmpty: true }),
    exitCodes: opt(2, ContainerRestartRuleOnExitCodes, { doc: 'Exit codes that match.' }),
  },
  { doc: 'Decides over a restart when a container has exited.' },
) {}

export class VolumeMount extends message(
  'k8s.io.api.core.v1.VolumeMount',
  {
    name: req(1, string, { doc: 'Name of a volume of the pod.' }),
    readOnly: opt(2, bool, { doc: 'Whether the container may not write to it. False by default.' }),
    recursiveReadOnly: opt(7, string, { doc: 'Whether mounts below are read-only too: Disabled, IfPossible or Enabled.', keepsZero: true }),
    mountPath: req(3, string, { doc: "Path in the container; must not contain ':'." }),
    subPath: opt(4, string, { doc: 'Path in the volume to mount. Its root by default.' }),
    mountPropagation: opt(5, oneOf('None', 'HostToContainer', 'Bidirectional'), {
      doc: 'How later mounts pass between node and container: None (the default), HostToContainer or Bidirectional.',
      keepsZero: true,
    }),
    subPathExpr: opt(6, string, { doc: 'Like subPath, with $(NAME) standing for environment variables.' }),
  },
  { doc: "Puts a volume into a container's filesystem." },
) {}

export class VolumeDevice extends message(
  'k8s.io.api.core.v1.VolumeDevice',
  {
    name: req(1, string, { doc: 'Name of a volume of the pod that comes from a claim.' }),
    devicePath: req(2, string, { doc: 'Path of the device in the container.' }),
  },
  { doc: 'Puts a volume into a container as a raw block device.' },
) {}

export class ExecAction extends message(
  'k8s.io.api.core.v1.ExecAction',
  {
    command: opt(1, list(string, { listType: 'atomic' }), {
      doc: 'Command and arguments, not through a shell; its working directory is /. Exit code 0 is success.',
    }),
  },
  { doc: 'Runs a command in the container.' },
) {}

export class HTTPHeader extends message(
  'k8s.io.api.core.v1.HTTPHeader',
  {
    name: req(1, string, { doc: 'Name of the header.', mayBeEmpty: true }),
    value: req(2, string, { doc: 'Value of the header.', mayBeEmpty: true }),
  },
  { doc: 'A header of a request.' },
) {}

export class HTTPGetAction extends message(
  'k8s.io.api.core.v1.HTTPGetAction',
  {
    path: opt(1, string, { doc: 'Path to ask for. / by default.', default: '/' }),
    port: req(2, intOrString, { doc: 'Port number, or the name of a port of the container.', keepsZero: true }),
    host: opt(3, string, { doc: "Host to ask. The pod's address by default; for virtual hosts set a Host header." }),
    scheme: opt(4, oneOf('HTTP', 'HTTPS'), { doc: 'HTTP (the default) or HTTPS, whose certificate is not checked.', default: 'HTTP' }),
    httpHeaders: opt(5, list(HTTPHeader, { listType: 'atomic' }), { doc: 'Headers to send; a name may be repeated.' }),
  },
  { doc: 'Sends an HTTP GET request; answers from 200 to 399 are success.' },
) {}

export class TCPSocketAction extends message(
  'k8s.io.api.core.v1.TCPSocketAction',
  {
    port: req(1, intOrString, { doc: 'Port number, or the name of a port of the container.', keepsZero: true }),
    host: opt(2, string, { doc: "Host to connect to. The pod's address by default." }),
  },
  { doc: 'Opens a TCP connection.' },
) {}

export class GRPCAction extends message(
  'k8s.io.api.core.v1.GRPCAction',
  {
    port: req(1, int32(), { doc: 'Port number.', keepsZero: true }),
    service: opt(2, string, {
      doc: 'Service to ask after; what empty (the default) means is up to the server.',
      default: '',
      keepsZero: true,
    }),
  },
  { doc: 'Calls the gRPC health service.' },
) {}

export class ProbeHandler extends message(
  'k8s.io.api.core.v1.ProbeHandler',
  {
    exec: opt(1, ExecAction, { doc: 'Runs a command in the container.' }),
    httpGet: opt(2, HTTPGetAction, { doc: 'Sends an HTTP GET request.' }),
    tcpSocket: opt(3, TCPSocketAction, { doc: 'Opens a TCP connection.' }),
    grpc: opt(4, GRPCAction, { doc: 'Calls the gRPC health service.' }),
  },
  { doc: 'How to ask a container how it is; exactly one may be set.' },
) {}

export class Probe extends message(
  'k8s.io.api.core.v1.Probe',
  {
    handler: inline(1, ProbeHandler),
    initialDelaySeconds: opt(2, int32(), { doc: "Seconds from the container's start to the first try. 0 by default." }),
    timeoutSeconds: opt(3, int32(), { doc: 'Seconds until a try has failed. 1 by default.', default: 1 }),
    periodSeconds: opt(4, int32(), { doc: 'Seconds between tries. 10 by default.', default: 10 }),
    successThreshold: opt(5, int32(), {
      doc: 'Successes in a row that turn failure into success. 1 by default; always 1 for liveness and startup.',
      default: 1,
    }),
    failureThreshold: opt(6, int32(), { doc: 'Failures in a row that count as failed. 3 by default.', default: 3 }),
    terminationGracePeriodSeconds: opt(7, int64(), {
      doc: "Seconds a container has to end when the probe fails. The pod's by default; not for readiness.",
      keepsZero: true,
    }),
  },
  { doc: 'Asks a container how it is, again and again.' },
) {}

export class SleepAction extends message(
  'k8s.io.api.core.v1.SleepAction',
  {
    seconds: req(1, int64(), { doc: 'Seconds to wait.' }),
  },
  { doc: 'Waits.' },
) {}

export class LifecycleHandler extends message(
  'k8s.io.api.core.v1.LifecycleHandler',
  {
    exec: opt(1, ExecAction, { doc: 'Runs a command in the container.' }),
    httpGet: opt(2, HTTPGetAction, { doc: 'Sends an HTTP GET request.' }),
    tcpSocket: opt(3, TCPSocketAction, { doc: 'Does nothing; kept for old clients. Deprecated.', deprecated: true }),
    sleep: opt(4, SleepAction, { doc: 'Waits for some seconds.' }),
  },
  { doc: "What to do at a moment of a container's life; exactly one may be set." },
) {}

export class Lifecycle extends message(
  'k8s.io.api.core.v1.Lifecycle',
  {
    postStart: opt(1, LifecycleHandler, { doc: 'Right after the start; if it fails, the container is killed.' }),
    preStop: opt(2, LifecycleHandler, { doc: 'Before the stop signal is sent; its time counts towards the grace period.' }),
    stopSignal: opt(3, string, {
      doc: "Signal that asks it to stop, such as SIGTERM; needs the pod's os.name. The image's by default.",
      keepsZero: true,
    }),
  },
  { doc: 'What to do as a container starts and before it is stopped.' },
) {}

export class Capabilities extends message(
  'k8s.io.api.core.v1.Capabilities',
  {
    add: opt(1, list(string, { listType: 'atomic' }), { doc: 'Capabilities to add, such as NET_ADMIN.' }),
    drop: opt(2, list(string, { listType: 'atomic' }), { doc: 'Capabilities to drop; ALL for every one.' }),
  },
  { doc: 'POSIX capabilities to add or drop.' },
) {}

export class SELinuxOptions extends message(
  'k8s.io.api.core.v1.SELinuxOptions',
  {
    user: opt(1, string, { doc: 'User part of the label.' }),
    role: opt(2, string, { doc: 'Role part of the label.' }),
    type: opt(3, string, { doc: 'Type part of the label.' }),
    level: opt(4, string, { doc: 'Level part of the label.' }),
  },
  { doc: 'SELinux label of a container.' },
) {}

export class WindowsSecurityContextOptions extends message(
  'k8s.io.api.core.v1.WindowsSecurityContextOptions',
  {
    gmsaCredentialSpecName: opt(1, string, { doc: "Name of the group managed service account's credential spec.", keepsZero: true }),
    gmsaCredentialSpec: opt(2, string, { doc: 'Its contents, filled in by the webhook for such accounts.', keepsZero: true }),
    runAsUserName: opt(3, string, { doc: "User to run as. The image's by default.", keepsZero: true }),
    hostProcess: opt(4, bool, {
      doc: "Whether it is a HostProcess container; all of a pod's containers or none, and only with hostNetwork.",
      keepsZero: true,
    }),
  },
  { doc: 'Security settings for Windows.' },
) {}

export class SeccompProfile extends message(
  'k8s.io.api.core.v1.SeccompProfile',
  {
    type: req(1, oneOf('Unconfined', 'RuntimeDefault', 'Localhost'), {
      doc: 'Unconfined, RuntimeDefault, or Localhost for a file on the node.',
      mayBeEmpty: true,
    }),
    localhostProfile: opt(2, string, {
      doc: "Path of the file below the kubelet's seccomp directory; only and always for Localhost.",
      keepsZero: true,
    }),
  },
  { doc: 'Which system calls are allowed.', unions: [{ discriminator: 'type', members: ['localhostProfile'], required: false }] },
) {}

export class AppArmorProfile extends message(
  'k8s.io.api.core.v1.AppArmorProfile',
  {
    type: req(1, string, { doc: 'Unconfined, RuntimeDefault, or Localhost for a profile loaded on the node.', mayBeEmpty: true }),
    localhostProfile: opt(2, string, { doc: 'Name of the loaded profile; only and always for Localhost.', keepsZero: true }),
  },
  { doc: 'Which AppArmor profile applies.', unions: [{ discriminator: 'type', members: ['localhostProfile'], required: false }] },
) {}

export class SecurityContext extends message(
  'k8s.io.api.core.v1.SecurityContext',
  {
    capabilities: opt(1, Capabilities, { doc: "Capabilities to add or drop. The runtime's set by default." }),
    privileged: opt(2, bool, { doc: 'Whether processes are as good as root on the node. False by default.', keepsZero: true }),
    seLinuxOptions: opt(3, SELinuxOptions, { doc: 'SELinux label. One the runtime picks by default.' }),
    windowsOptions: opt(10, WindowsSecurityContextOptions, { doc: 'Settings for Windows.' }),
    runAsUser: opt(4, int64(), { doc: "User id to run as. The pod's, or else the image's, by default.", keepsZero: true }),
    runAsGroup: opt(8, int64(), { doc: "Group id to run as. The pod's, or else the runtime's, by default.", keepsZero: true }),
    runAsNonRoot: opt(5, bool, { doc: 'Whether to refuse to start as user 0.', keepsZero: true }),
    readOnlyRootFilesystem: opt(6, bool, { doc: 'Whether the root filesystem is read-only. False by default.', keepsZero: true }),
    allowPrivilegeEscalation: opt(7, bool, {
      doc: 'Whether a process may gain more privileges than its parent (no_new_privs is off). True by default.',
      keepsZero: true,
    }),
    procMount: opt(9, string, { doc: 'What of /proc is masked: Default or Unmasked.', keepsZero: true }),
    seccompProfile: opt(11, SeccompProfile, { doc: "Which system calls are allowed. The pod's profile by default." }),
    appArmorProfile: opt(12, AppArmorProfile, { doc: "Which AppArmor profile applies. The pod's by default." }),
  },
  { doc: 'Security settings of a container; they go before those of the pod.' },
) {}

export class EphemeralContainerCommon extends message(
  'k8s.io.api.core.v1.EphemeralContainerCommon',
  {
    name: req(1, string, { doc: 'Name, unique in the pod; cannot be changed.' }),
    image: opt(2, string, { doc: 'Image to run, as registry/repository:tag or by digest.' }),
    command: opt(3, list(string, { listType: 'atomic' }), {
      doc: "Replaces the image's entrypoint; $(NAME) stands for environment variables.",
    }),
    args: opt(4, list(string, { listType: 'atomic' }), {
      doc: "Replaces the image's default arguments; $(NAME) stands for environment variables.",
    }),
    workingDir: opt(5, string, { doc: "Directory to start in. The image's by default." }),
    ports: opt(
      6,
      list(ContainerPort, {
        listType: 'map',
        keys: ['containerPort', 'protocol'],
        patch: { strategy: 'merge', mergeKey: 'containerPort' },
      }),
      { doc: 'Not allowed for ephemeral containers.' },
    ),
    envFrom: opt(19, list(EnvFromSource, { listType: 'atomic' }), {
      doc: 'ConfigMaps and Secrets whose keys become environment variables; env goes before them.',
    }),
    env: opt(7, list(EnvVar, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Environment variables.',
    }),
    resources: val(8, ResourceRequirements, { doc: 'Not allowed for ephemeral containers; they use what the pod leaves.' }),
    resizePolicy: opt(23, list(ContainerResizePolicy, { listType: 'atomic' }), { doc: 'Not allowed for ephemeral containers.' }),
    restartPolicy: opt(24, string, { doc: 'Not allowed for ephemeral containers, which never restart.', keepsZero: true }),
    restartPolicyRules: opt(25, list(ContainerRestartRule, { listType: 'atomic' }), { doc: 'Not allowed for ephemeral containers.' }),
    volumeMounts: opt(9, list(VolumeMount, { listType: 'map', keys: ['mountPath'], patch: { strategy: 'merge', mergeKey: 'mountPath' } }), {
      doc: 'Volumes in its filesystem.',
    }),
    volumeDevices: opt(
      21,
      list(VolumeDevice, { listType: 'map', keys: ['devicePath'], patch: { strategy: 'merge', mergeKey: 'devicePath' } }),
      { doc: 'Volumes as raw block devices.' },
    ),
    livenessProbe: opt(10, Probe, { doc: 'Not allowed for ephemeral containers.' }),
    readinessProbe: opt(11, Probe, { doc: 'Not allowed for ephemeral containers.' }),
    startupProbe: opt(22, Probe, { doc: 'Not allowed for ephemeral containers.' }),
    lifecycle: opt(12, Lifecycle, { doc: 'Not allowed for ephemeral containers.' }),
    terminationMessagePath: opt(13, string, {
      doc: 'File from which its last message is read, up to 4 KiB. /dev/termination-log by default.',
      default: '/dev/termination-log',
    }),
    terminationMessagePolicy: opt(20, oneOfInOrder('File', 'FallbackToLogsOnError'), {
      doc: "File (the default), or FallbackToLogsOnError for the log's end where there is no file.",
      default: 'File',
    }),
    imagePullPolicy: opt(14, oneOf('Always', 'Never', 'IfNotPresent'), {
      doc: 'Always, IfNotPresent or Never. Always for the tag latest, else IfNotPresent by default.',
    }),
    securityContext: opt(15, SecurityContext, { doc: "Security settings that go before the pod's." }),
    stdin: opt(16, bool, { doc: 'Whether it has a standard input. False by default.' }),
    stdinOnce: opt(17, bool, { doc: 'Whether its standard input closes after the first client has gone. False by default.' }),
    tty: opt(18, bool, { doc: 'Whether it has a terminal; needs stdin. False by default.' }),
  },
  { doc: 'What an ephemeral container has in common with others.' },
) {}

export class EphemeralContainer extends message(
  'k8s.io.api.core.v1.EphemeralContainer',
  {
    ephemeralContainerCommon: inline(1, EphemeralContainerCommon),
    targetContainerName: opt(2, string, { doc: 'Container whose process namespace it joins.' }),
  },
  { doc: 'A container added to a running pod to look into it; it never restarts and cannot be removed.' },
) {}

export class Container extends message(
  'k8s.io.api.core.v1.Container',
  {
    name: req(1, string, { doc: 'Name, unique in the pod; cannot be changed.' }),
    image: opt(2, string, { doc: 'Image to run, as registry/repository:tag or by digest.' }),
    command: opt(3, list(string, { listType: 'atomic' }), {
      doc: "Replaces the image's entrypoint; $(NAME) stands for environment variables.",
    }),
    args: opt(4, list(string, { listType: 'atomic' }), {
      doc: "Replaces the image's default arguments; $(NAME) stands for environment variables.",
    }),
    workingDir: opt(5, string, { doc: "Directory to start in. The image's by default." }),
    ports: opt(
      6,
      list(ContainerPort, {
        listType: 'map',
        keys: ['containerPort', 'protocol'],
        patch: { strategy: 'merge', mergeKey: 'containerPort' },
      }),
      { doc: 'Ports it listens on; mostly for the reader, as ports not listed are reachable too.' },
    ),
    envFrom: opt(19, list(EnvFromSource, { listType: 'atomic' }), {
      doc: 'ConfigMaps and Secrets whose keys become environment variables; env goes before them.',
    }),
    env: opt(7, list(EnvVar, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Environment variables.',
    }),
    resources: val(8, ResourceRequirements, { doc: 'Compute resources it needs and may use.' }),
    resizePolicy: opt(23, list(ContainerResizePolicy, { listType: 'atomic' }), {
      doc: 'Which resources it can be resized in without a restart.',
    }),
    restartPolicy: opt(24, string, {
      doc: "Always, OnFailure or Never in place of the pod's; Always makes an init container a sidecar.",
      keepsZero: true,
    }),
    restartPolicyRules: opt(25, list(ContainerRestartRule, { listType: 'atomic' }), {
      doc: 'Decide over restarts by exit code, in order, before restartPolicy does.',
    }),
    volumeMounts: opt(9, list(VolumeMount, { listType: 'map', keys: ['mountPath'], patch: { strategy: 'merge', mergeKey: 'mountPath' } }), {
      doc: 'Volumes in its filesystem.',
    }),
    volumeDevices: opt(
      21,
      list(VolumeDevice, { listType: 'map', keys: ['devicePath'], patch: { strategy: 'merge', mergeKey: 'devicePath' } }),
      { doc: 'Volumes as raw block devices.' },
    ),
    livenessProbe: opt(10, Probe, { doc: 'Restarts the container when it fails.' }),
    readinessProbe: opt(11, Probe, { doc: 'Takes the pod off its Services while it fails.' }),
    startupProbe: opt(22, Probe, { doc: 'Holds the other probes back until it succeeds; restarts the container if it fails.' }),
    lifecycle: opt(12, Lifecycle, { doc: 'What to do after the start and before the stop.' }),
    terminationMessagePath: opt(13, string, {
      doc: 'File from which its last message is read, up to 4 KiB. /dev/termination-log by default.',
      default: '/dev/termination-log',
    }),
    terminationMessagePolicy: opt(20, oneOfInOrder('File', 'FallbackToLogsOnError'), {
      doc: "File (the default), or FallbackToLogsOnError for the log's end where there is no file.",
      default: 'File',
    }),
    imagePullPolicy: opt(14, oneOf('Always', 'Never', 'IfNotPresent'), {
      doc: 'Always, IfNotPresent or Never. Always for the tag latest, else IfNotPresent by default.',
    }),
    securityContext: opt(15, SecurityContext, { doc: "Security settings that go before the pod's." }),
    stdin: opt(16, bool, { doc: 'Whether it has a standard input. False by default.' }),
    stdinOnce: opt(17, bool, { doc: 'Whether its standard input closes after the first client has gone. False by default.' }),
    tty: opt(18, bool, { doc: 'Whether it has a terminal; needs stdin. False by default.' }),
  },
  { doc: 'One container of a pod.' },
) {}

function pullPolicy({ image = '', imagePullPolicy }: { readonly image?: string; readonly imagePullPolicy?: string }) {
  return imagePullPolicy === undefined ? { imagePullPolicy: defaultPullPolicy(image) } : undefined
}

rulesFor(Container, { defaults: pullPolicy })
rulesFor(EphemeralContainerCommon, { defaults: pullPolicy })
