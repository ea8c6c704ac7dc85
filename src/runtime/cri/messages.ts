/** The CRI v1 messages and calls this runtime client uses, declared with their protobuf numbers; enums are their numbers. */

import { bool, bytes, double, int32, int64, list, map, message, opt, string } from '#schema/message.ts'

export class VersionRequest extends message('runtime.v1.VersionRequest', {
  version: opt(1, string),
}) {}

export class VersionResponse extends message('runtime.v1.VersionResponse', {
  version: opt(1, string),
  runtimeName: opt(2, string),
  runtimeVersion: opt(3, string),
  runtimeApiVersion: opt(4, string),
}) {}

export class StatusRequest extends message('runtime.v1.StatusRequest', {
  verbose: opt(1, bool),
}) {}

export class RuntimeCondition extends message('runtime.v1.RuntimeCondition', {
  type: opt(1, string),
  status: opt(2, bool),
  reason: opt(3, string),
  message: opt(4, string),
}) {}

export class RuntimeStatus extends message('runtime.v1.RuntimeStatus', {
  conditions: opt(1, list(RuntimeCondition)),
}) {}

export class RuntimeHandlerFeatures extends message('runtime.v1.RuntimeHandlerFeatures', {
  recursiveReadOnlyMounts: opt(1, bool),
  userNamespaces: opt(2, bool),
}) {}

export class RuntimeHandler extends message('runtime.v1.RuntimeHandler', {
  name: opt(1, string),
  features: opt(2, RuntimeHandlerFeatures),
}) {}

export class RuntimeFeatures extends message('runtime.v1.RuntimeFeatures', {
  supplementalGroupsPolicy: opt(1, bool),
  userNamespacesHostNetwork: opt(2, bool),
}) {}

export class StatusResponse extends message('runtime.v1.StatusResponse', {
  status: opt(1, RuntimeStatus),
  info: opt(2, map(string)),
  runtimeHandlers: opt(3, list(RuntimeHandler)),
  features: opt(4, RuntimeFeatures),
}) {}

export class PodSandboxMetadata extends message('runtime.v1.PodSandboxMetadata', {
  name: opt(1, string),
  uid: opt(2, string),
  namespace: opt(3, string),
  attempt: opt(4, int32()),
}) {}

export class DNSConfig extends message('runtime.v1.DNSConfig', {
  servers: opt(1, list(string)),
  searches: opt(2, list(string)),
  options: opt(3, list(string)),
}) {}

export class PortMapping extends message('runtime.v1.PortMapping', {
  protocol: opt(1, int32()),
  containerPort: opt(2, int32()),
  hostPort: opt(3, int32()),
  hostIp: opt(4, string),
}) {}

export class IDMapping extends message('runtime.v1.IDMapping', {
  hostId: opt(1, int32()),
  containerId: opt(2, int32()),
  length: opt(3, int32()),
}) {}

export class UserNamespace extends message('runtime.v1.UserNamespace', {
  mode: opt(1, int32()),
  uids: opt(2, list(IDMapping)),
  gids: opt(3, list(IDMapping)),
}) {}

export class NamespaceOption extends message('runtime.v1.NamespaceOption', {
  network: opt(1, int32()),
  pid: opt(2, int32()),
  ipc: opt(3, int32()),
  targetId: opt(4, string),
  usernsOptions: opt(5, UserNamespace),
}) {}

export class SELinuxOption extends message('runtime.v1.SELinuxOption', {
  user: opt(1, string),
  role: opt(2, string),
  type: opt(3, string),
  level: opt(4, string),
}) {}

export class Int64Value extends message('runtime.v1.Int64Value', {
  value: opt(1, int64()),
}) {}

export class SecurityProfile extends message('runtime.v1.SecurityProfile', {
  profileType: opt(1, int32()),
  localhostRef: opt(2, string),
}) {}

export class LinuxSandboxSecurityContext extends message('runtime.v1.LinuxSandboxSecurityContext', {
  namespaceOptions: opt(1, NamespaceOption),
  selinuxOptions: opt(2, SELinuxOption),
  runAsUser: opt(3, Int64Value),
  runAsGroup: opt(8, Int64Value),
  readonlyRootfs: opt(4, bool),
  supplementalGroups: opt(5, list(int64())),
  supplementalGroupsPolicy: opt(11, int32()),
  privileged: opt(6, bool),
  seccomp: opt(9, SecurityProfile),
  apparmor: opt(10, SecurityProfile),
  seccompProfilePath: opt(7, string),
}) {}

export class HugepageLimit extends message('runtime.v1.HugepageLimit', {
  pageSize: opt(1, string),
  limit: opt(2, int64()),
}) {}

export class LinuxContainerResources extends message('runtime.v1.LinuxContainerResources', {
  cpuPeriod: opt(1, int64()),
  cpuQuota: opt(2, int64()),
  cpuShares: opt(3, int64()),
  memoryLimitInBytes: opt(4, int64()),
  oomScoreAdj: opt(5, int64()),
  cpusetCpus: opt(6, string),
  cpusetMems: opt(7, string),
  hugepageLimits: opt(8, list(HugepageLimit)),
  unified: opt(9, map(string)),
  memorySwapLimitInBytes: opt(10, int64()),
}) {}

export class LinuxPodSandboxConfig extends message('runtime.v1.LinuxPodSandboxConfig', {
  cgroupParent: opt(1, string),
  securityContext: opt(2, LinuxSandboxSecurityContext),
  sysctls: opt(3, map(string)),
  overhead: opt(4, LinuxContainerResources),
  resources: opt(5, LinuxContainerResources),
}) {}

export class PodSandboxConfig extends message('runtime.v1.PodSandboxConfig', {
  metadata: opt(1, PodSandboxMetadata),
  hostname: opt(2, string),
  logDirectory: opt(3, string),
  dnsConfig: opt(4, DNSConfig),
  portMappings: opt(5, list(PortMapping)),
  labels: opt(6, map(string)),
  annotations: opt(7, map(string)),
  linux: opt(8, LinuxPodSandboxConfig),
}) {}

export class RunPodSandboxRequest extends message('runtime.v1.RunPodSandboxRequest', {
  config: opt(1, PodSandboxConfig),
  runtimeHandler: opt(2, string),
}) {}

export class RunPodSandboxResponse extends message('runtime.v1.RunPodSandboxResponse', {
  podSandboxId: opt(1, string),
}) {}

export class StopPodSandboxRequest extends message('runtime.v1.StopPodSandboxRequest', {
  podSandboxId: opt(1, string),
}) {}

export class StopPodSandboxResponse extends message('runtime.v1.StopPodSandboxResponse', {}) {}

export class RemovePodSandboxRequest extends message('runtime.v1.RemovePodSandboxRequest', {
  podSandboxId: opt(1, string),
}) {}

export class RemovePodSandboxResponse extends message('runtime.v1.RemovePodSandboxResponse', {}) {}

export class PodSandboxStatusRequest extends message('runtime.v1.PodSandboxStatusRequest', {
  podSandboxId: opt(1, string),
  verbose: opt(2, bool),
}) {}

export class PodIP extends message('runtime.v1.PodIP', {
  ip: opt(1, string),
}) {}

export class PodSandboxNetworkStatus extends message('runtime.v1.PodSandboxNetworkStatus', {
  ip: opt(1, string),
  additionalIps: opt(2, list(PodIP)),
}) {}

export class Namespace extends message('runtime.v1.Namespace', {
  options: opt(2, NamespaceOption),
}) {}

export class LinuxPodSandboxStatus extends message('runtime.v1.LinuxPodSandboxStatus', {
  namespaces: opt(1, Namespace),
}) {}

export class PodSandboxStatus extends message('runtime.v1.PodSandboxStatus', {
  id: opt(1, string),
  metadata: opt(2, PodSandboxMetadata),
  state: opt(3, int32()),
  createdAt: opt(4, int64()),
  network: opt(5, PodSandboxNetworkStatus),
  linux: opt(6, LinuxPodSandboxStatus),
  labels: opt(7, map(string)),
  annotations: opt(8, map(string)),
  runtimeHandler: opt(9, string),
}) {}

export class ContainerMetadata extends message('runtime.v1.ContainerMetadata', {
  name: opt(1, string),
  attempt: opt(2, int32()),
}) {}

export class ImageSpec extends message('runtime.v1.ImageSpec', {
  image: opt(1, string),
  annotations: opt(2, map(string)),
  userSpecifiedImage: opt(18, string),
  runtimeHandler: opt(19, string),
  imageRef: opt(20, string),
}) {}

export class Mount extends message('runtime.v1.Mount', {
  containerPath: opt(1, string),
  hostPath: opt(2, string),
  readonly: opt(3, bool),
  selinuxRelabel: opt(4, bool),
  propagation: opt(5, int32()),
  uidMappings: opt(6, list(IDMapping)),
  gidMappings: opt(7, list(IDMapping)),
  recursiveReadOnly: opt(8, bool),
  image: opt(9, ImageSpec),
  imageSubPath: opt(10, string),
}) {}

export class ContainerResources extends message('runtime.v1.ContainerResources', {
  linux: opt(1, LinuxContainerResources),
}) {}

export class LinuxContainerUser extends message('runtime.v1.LinuxContainerUser', {
  uid: opt(1, int64()),
  gid: opt(2, int64()),
  supplementalGroups: opt(3, list(int64())),
}) {}

export class ContainerUser extends message('runtime.v1.ContainerUser', {
  linux: opt(1, LinuxContainerUser),
}) {}

export class ContainerStatus extends message('runtime.v1.ContainerStatus', {
  id: opt(1, string),
  metadata: opt(2, ContainerMetadata),
  state: opt(3, int32()),
  createdAt: opt(4, int64()),
  startedAt: opt(5, int64()),
  finishedAt: opt(6, int64()),
  exitCode: opt(7, int32()),
  image: opt(8, ImageSpec),
  imageRef: opt(9, string),
  reason: opt(10, string),
  message: opt(11, string),
  labels: opt(12, map(string)),
  annotations: opt(13, map(string)),
  mounts: opt(14, list(Mount)),
  logPath: opt(15, string),
  resources: opt(16, ContainerResources),
  imageId: opt(17, string),
  user: opt(18, ContainerUser),
  stopSignal: opt(19, int32()),
}) {}

export class PodSandboxStatusResponse extends message('runtime.v1.PodSandboxStatusResponse', {
  status: opt(1, PodSandboxStatus),
  info: opt(2, map(string)),
  containersStatuses: opt(3, list(ContainerStatus)),
  timestamp: opt(4, int64()),
}) {}

export class PodSandboxStateValue extends message('runtime.v1.PodSandboxStateValue', {
  state: opt(1, int32()),
}) {}

export class PodSandboxFilter extends message('runtime.v1.PodSandboxFilter', {
  id: opt(1, string),
  state: opt(2, PodSandboxStateValue),
  labelSelector: opt(3, map(string)),
}) {}

export class ListPodSandboxRequest extends message('runtime.v1.ListPodSandboxRequest', {
  filter: opt(1, PodSandboxFilter),
}) {}

export class PodSandbox extends message('runtime.v1.PodSandbox', {
  id: opt(1, string),
  metadata: opt(2, PodSandboxMetadata),
  state: opt(3, int32()),
  createdAt: opt(4, int64()),
  labels: opt(5, map(string)),
  annotations: opt(6, map(string)),
  runtimeHandler: opt(7, string),
}) {}

export class ListPodSandboxResponse extends message('runtime.v1.ListPodSandboxResponse', {
  items: opt(1, list(PodSandbox)),
}) {}

export class KeyValue extends message('runtime.v1.KeyValue', {
  key: opt(1, string),
  value: opt(2, bytes),
}) {}

export class Device extends message('runtime.v1.Device', {
  containerPath: opt(1, string),
  hostPath: opt(2, string),
  permissions: opt(3, string),
}) {}

export class Capability extends message('runtime.v1.Capability', {
  addCapabilities: opt(1, list(string)),
  dropCapabilities: opt(2, list(string)),
  addAmbientCapabilities: opt(3, list(string)),
}) {}

export class LinuxContainerSecurityContext extends message('runtime.v1.LinuxContainerSecurityContext', {
  capabilities: opt(1, Capability),
  privileged: opt(2, bool),
  namespaceOptions: opt(3, NamespaceOption),
  selinuxOptions: opt(4, SELinuxOption),
  runAsUser: opt(5, Int64Value),
  runAsGroup: opt(12, Int64Value),
  runAsUsername: opt(6, string),
  readonlyRootfs: opt(7, bool),
  supplementalGroups: opt(8, list(int64())),
  supplementalGroupsPolicy: opt(17, int32()),
  noNewPrivs: opt(11, bool),
  maskedPaths: opt(13, list(string)),
  readonlyPaths: opt(14, list(string)),
  seccomp: opt(15, SecurityProfile),
  apparmor: opt(16, SecurityProfile),
  apparmorProfile: opt(9, string),
  seccompProfilePath: opt(10, string),
}) {}

export class LinuxContainerConfig extends message('runtime.v1.LinuxContainerConfig', {
  resources: opt(1, LinuxContainerResources),
  securityContext: opt(2, LinuxContainerSecurityContext),
}) {}

export class CDIDevice extends message('runtime.v1.CDIDevice', {
  name: opt(1, string),
}) {}

export class ContainerConfig extends message('runtime.v1.ContainerConfig', {
  metadata: opt(1, ContainerMetadata),
  image: opt(2, ImageSpec),
  command: opt(3, list(string)),
  args: opt(4, list(string)),
  workingDir: opt(5, string),
  envs: opt(6, list(KeyValue)),
  mounts: opt(7, list(Mount)),
  devices: opt(8, list(Device)),
  labels: opt(9, map(string)),
  annotations: opt(10, map(string)),
  logPath: opt(11, string),
  stdin: opt(12, bool),
  stdinOnce: opt(13, bool),
  tty: opt(14, bool),
  linux: opt(15, LinuxContainerConfig),
  cdiDevices: opt(17, list(CDIDevice)),
  stopSignal: opt(18, int32()),
}) {}

export class CreateContainerRequest extends message('runtime.v1.CreateContainerRequest', {
  podSandboxId: opt(1, string),
  config: opt(2, ContainerConfig),
  sandboxConfig: opt(3, PodSandboxConfig),
}) {}

export class CreateContainerResponse extends message('runtime.v1.CreateContainerResponse', {
  containerId: opt(1, string),
}) {}

export class StartContainerRequest extends message('runtime.v1.StartContainerRequest', {
  containerId: opt(1, string),
}) {}

export class StartContainerResponse extends message('runtime.v1.StartContainerResponse', {}) {}

export class StopContainerRequest extends message('runtime.v1.StopContainerRequest', {
  containerId: opt(1, string),
  timeout: opt(2, int64()),
}) {}

export class StopContainerResponse extends message('runtime.v1.StopContainerResponse', {}) {}

export class RemoveContainerRequest extends message('runtime.v1.RemoveContainerRequest', {
  containerId: opt(1, string),
}) {}

export class RemoveContainerResponse extends message('runtime.v1.RemoveContainerResponse', {}) {}

export class ContainerStateValue extends message('runtime.v1.ContainerStateValue', {
  state: opt(1, int32()),
}) {}

export class ContainerFilter extends message('runtime.v1.ContainerFilter', {
  id: opt(1, string),
  state: opt(2, ContainerStateValue),
  podSandboxId: opt(3, string),
  labelSelector: opt(4, map(string)),
}) {}

export class ListContainersRequest extends message('runtime.v1.ListContainersRequest', {
  filter: opt(1, ContainerFilter),
}) {}

export class Container extends message('runtime.v1.Container', {
  id: opt(1, string),
  podSandboxId: opt(2, string),
  metadata: opt(3, ContainerMetadata),
  image: opt(4, ImageSpec),
  imageRef: opt(5, string),
  state: opt(6, int32()),
  createdAt: opt(7, int64()),
  labels: opt(8, map(string)),
  annotations: opt(9, map(string)),
  imageId: opt(10, string),
}) {}

export class ListContainersResponse extends message('runtime.v1.ListContainersResponse', {
  containers: opt(1, list(Container)),
}) {}

export class ContainerStatusRequest extends message('runtime.v1.ContainerStatusRequest', {
  containerId: opt(1, string),
  verbose: opt(2, bool),
}) {}

export class ContainerStatusResponse extends message('runtime.v1.ContainerStatusResponse', {
  status: opt(1, ContainerStatus),
  info: opt(2, map(string)),
}) {}

export class UpdateContainerResourcesRequest extends message('runtime.v1.UpdateContainerResourcesRequest', {
  containerId: opt(1, string),
  linux: opt(2, LinuxContainerResources),
  annotations: opt(4, map(string)),
}) {}

export class UpdateContainerResourcesResponse extends message('runtime.v1.UpdateContainerResourcesResponse', {}) {}

export class ReopenContainerLogRequest extends message('runtime.v1.ReopenContainerLogRequest', {
  containerId: opt(1, string),
}) {}

export class ReopenContainerLogResponse extends message('runtime.v1.ReopenContainerLogResponse', {}) {}

export class ExecSyncRequest extends message('runtime.v1.ExecSyncRequest', {
  containerId: opt(1, string),
  cmd: opt(2, list(string)),
  timeout: opt(3, int64()),
}) {}

export class ExecSyncResponse extends message('runtime.v1.ExecSyncResponse', {
  stdout: opt(1, bytes),
  stderr: opt(2, bytes),
  exitCode: opt(3, int32()),
}) {}

export class ExecRequest extends message('runtime.v1.ExecRequest', {
  containerId: opt(1, string),
  cmd: opt(2, list(string)),
  tty: opt(3, bool),
  stdin: opt(4, bool),
  stdout: opt(5, bool),
  stderr: opt(6, bool),
}) {}

export class ExecResponse extends message('runtime.v1.ExecResponse', {
  url: opt(1, string),
}) {}

export class AttachRequest extends message('runtime.v1.AttachRequest', {
  containerId: opt(1, string),
  stdin: opt(2, bool),
  tty: opt(3, bool),
  stdout: opt(4, bool),
  stderr: opt(5, bool),
}) {}

export class AttachResponse extends message('runtime.v1.AttachResponse', {
  url: opt(1, string),
}) {}

export class PortForwardRequest extends message('runtime.v1.PortForwardRequest', {
  podSandboxId: opt(1, string),
  port: opt(2, list(int32())),
}) {}

export class PortForwardResponse extends message('runtime.v1.PortForwardResponse', {
  url: opt(1, string),
}) {}

export class ContainerStatsFilter extends message('runtime.v1.ContainerStatsFilter', {
  id: opt(1, string),
  podSandboxId: opt(2, string),
  labelSelector: opt(3, map(string)),
}) {}

export class ListContainerStatsRequest extends message('runtime.v1.ListContainerStatsRequest', {
  filter: opt(1, ContainerStatsFilter),
}) {}

export class ContainerAttributes extends message('runtime.v1.ContainerAttributes', {
  id: opt(1, string),
  metadata: opt(2, ContainerMetadata),
  labels: opt(3, map(string)),
  annotations: opt(4, map(string)),
}) {}

export class UInt64Value extends message('runtime.v1.UInt64Value', {
  value: opt(1, int64()),
}) {}

export class PsiData extends message('runtime.v1.PsiData', {
  Total: opt(1, int64()),
  Avg10: opt(2, double),
  Avg60: opt(3, double),
  Avg300: opt(4, double),
}) {}

export class PsiStats extends message('runtime.v1.PsiStats', {
  Full: opt(1, PsiData),
  Some: opt(2, PsiData),
}) {}

export class CpuUsage extends message('runtime.v1.CpuUsage', {
  timestamp: opt(1, int64()),
  usageCoreNanoSeconds: opt(2, UInt64Value),
  usageNanoCores: opt(3, UInt64Value),
  psi: opt(4, PsiStats),
}) {}

export class MemoryUsage extends message('runtime.v1.MemoryUsage', {
  timestamp: opt(1, int64()),
  workingSetBytes: opt(2, UInt64Value),
  availableBytes: opt(3, UInt64Value),
  usageBytes: opt(4, UInt64Value),
  rssBytes: opt(5, UInt64Value),
  pageFaults: opt(6, UInt64Value),
  majorPageFaults: opt(7, UInt64Value),
  psi: opt(8, PsiStats),
}) {}

export class FilesystemIdentifier extends message('runtime.v1.FilesystemIdentifier', {
  mountpoint: opt(1, string),
}) {}

export class FilesystemUsage extends message('runtime.v1.FilesystemUsage', {
  timestamp: opt(1, int64()),
  fsId: opt(2, FilesystemIdentifier),
  usedBytes: opt(3, UInt64Value),
  inodesUsed: opt(4, UInt64Value),
}) {}

export class SwapUsage extends message('runtime.v1.SwapUsage', {
  timestamp: opt(1, int64()),
  swapAvailableBytes: opt(2, UInt64Value),
  swapUsageBytes: opt(3, UInt64Value),
}) {}

export class IoUsage extends message('runtime.v1.IoUsage', {
  timestamp: opt(1, int64()),
  psi: opt(2, PsiStats),
}) {}

export class ContainerStats extends message('runtime.v1.ContainerStats', {
  attributes: opt(1, ContainerAttributes),
  cpu: opt(2, CpuUsage),
  memory: opt(3, MemoryUsage),
  writableLayer: opt(4, FilesystemUsage),
  swap: opt(5, SwapUsage),
  io: opt(6, IoUsage),
}) {}

export class ListContainerStatsResponse extends message('runtime.v1.ListContainerStatsResponse', {
  stats: opt(1, list(ContainerStats)),
}) {}

export class NetworkConfig extends message('runtime.v1.NetworkConfig', {
  podCidr: opt(1, string),
}) {}

export class RuntimeConfig extends message('runtime.v1.RuntimeConfig', {
  networkConfig: opt(1, NetworkConfig),
}) {}

export class UpdateRuntimeConfigRequest extends message('runtime.v1.UpdateRuntimeConfigRequest', {
  runtimeConfig: opt(1, RuntimeConfig),
}) {}

export class UpdateRuntimeConfigResponse extends message('runtime.v1.UpdateRuntimeConfigResponse', {}) {}

export class GetEventsRequest extends message('runtime.v1.GetEventsRequest', {}) {}

export class ContainerEventResponse extends message('runtime.v1.ContainerEventResponse', {
  containerId: opt(1, string),
  containerEventType: opt(2, int32()),
  createdAt: opt(3, int64()),
  podSandboxStatus: opt(4, PodSandboxStatus),
  containersStatuses: opt(5, list(ContainerStatus)),
}) {}

export class ImageFilter extends message('runtime.v1.ImageFilter', {
  image: opt(1, ImageSpec),
}) {}

export class ListImagesRequest extends message('runtime.v1.ListImagesRequest', {
  filter: opt(1, ImageFilter),
}) {}

export class Image extends message('runtime.v1.Image', {
  id: opt(1, string),
  repoTags: opt(2, list(string)),
  repoDigests: opt(3, list(string)),
  size: opt(4, int64()),
  uid: opt(5, Int64Value),
  username: opt(6, string),
  spec: opt(7, ImageSpec),
  pinned: opt(8, bool),
}) {}

export class ListImagesResponse extends message('runtime.v1.ListImagesResponse', {
  images: opt(1, list(Image)),
}) {}

export class ImageStatusRequest extends message('runtime.v1.ImageStatusRequest', {
  image: opt(1, ImageSpec),
  verbose: opt(2, bool),
}) {}

export class ImageStatusResponse extends message('runtime.v1.ImageStatusResponse', {
  image: opt(1, Image),
  info: opt(2, map(string)),
}) {}

export class AuthConfig extends message('runtime.v1.AuthConfig', {
  username: opt(1, string),
  password: opt(2, string),
  auth: opt(3, string),
  serverAddress: opt(4, string),
  identityToken: opt(5, string),
  registryToken: opt(6, string),
}) {}

export class PullImageRequest extends message('runtime.v1.PullImageRequest', {
  image: opt(1, ImageSpec),
  auth: opt(2, AuthConfig),
  sandboxConfig: opt(3, PodSandboxConfig),
}) {}

export class PullImageResponse extends message('runtime.v1.PullImageResponse', {
  imageRef: opt(1, string),
}) {}

export class RemoveImageRequest extends message('runtime.v1.RemoveImageRequest', {
  image: opt(1, ImageSpec),
}) {}

export class RemoveImageResponse extends message('runtime.v1.RemoveImageResponse', {}) {}

export class ImageFsInfoRequest extends message('runtime.v1.ImageFsInfoRequest', {}) {}

export class ImageFsInfoResponse extends message('runtime.v1.ImageFsInfoResponse', {
  imageFilesystems: opt(1, list(FilesystemUsage)),
  containerFilesystems: opt(2, list(FilesystemUsage)),
}) {}

/** The calls, by their method names. */
export const calls = {
  version: { service: 'runtime.v1.RuntimeService', name: 'Version', request: VersionRequest, response: VersionResponse },
  status: { service: 'runtime.v1.RuntimeService', name: 'Status', request: StatusRequest, response: StatusResponse },
  runPodSandbox: {
    service: 'runtime.v1.RuntimeService',
    name: 'RunPodSandbox',
    request: RunPodSandboxRequest,
    response: RunPodSandboxResponse,
  },
  stopPodSandbox: {
    service: 'runtime.v1.RuntimeService',
    name: 'StopPodSandbox',
    request: StopPodSandboxRequest,
    response: StopPodSandboxResponse,
  },
  removePodSandbox: {
    service: 'runtime.v1.RuntimeService',
    name: 'RemovePodSandbox',
    request: RemovePodSandboxRequest,
    response: RemovePodSandboxResponse,
  },
  podSandboxStatus: {
    service: 'runtime.v1.RuntimeService',
    name: 'PodSandboxStatus',
    request: PodSandboxStatusRequest,
    response: PodSandboxStatusResponse,
  },
  listPodSandbox: {
    service: 'runtime.v1.RuntimeService',
    name: 'ListPodSandbox',
    request: ListPodSandboxRequest,
    response: ListPodSandboxResponse,
  },
  createContainer: {
    service: 'runtime.v1.RuntimeService',
    name: 'CreateContainer',
    request: CreateContainerRequest,
    response: CreateContainerResponse,
  },
  startContainer: {
    service: 'runtime.v1.RuntimeService',
    name: 'StartContainer',
    request: StartContainerRequest,
    response: StartContainerResponse,
  },
  stopContainer: {
    service: 'runtime.v1.RuntimeService',
    name: 'StopContainer',
    request: StopContainerRequest,
    response: StopContainerResponse,
  },
  removeContainer: {
    service: 'runtime.v1.RuntimeService',
    name: 'RemoveContainer',
    request: RemoveContainerRequest,
    response: RemoveContainerResponse,
  },
  listContainers: {
    service: 'runtime.v1.RuntimeService',
    name: 'ListContainers',
    request: ListContainersRequest,
    response: ListContainersResponse,
  },
  containerStatus: {
    service: 'runtime.v1.RuntimeService',
    name: 'ContainerStatus',
    request: ContainerStatusRequest,
    response: ContainerStatusResponse,
  },
  updateContainerResources: {
    service: 'runtime.v1.RuntimeService',
    name: 'UpdateContainerResources',
    request: UpdateContainerResourcesRequest,
    response: UpdateContainerResourcesResponse,
  },
  reopenContainerLog: {
    service: 'runtime.v1.RuntimeService',
    name: 'ReopenContainerLog',
    request: ReopenContainerLogRequest,
    response: ReopenContainerLogResponse,
  },
  execSync: { service: 'runtime.v1.RuntimeService', name: 'ExecSync', request: ExecSyncRequest, response: ExecSyncResponse },
  exec: { service: 'runtime.v1.RuntimeService', name: 'Exec', request: ExecRequest, response: ExecResponse },
  attach: { service: 'runtime.v1.RuntimeService', name: 'Attach', request: AttachRequest, response: AttachResponse },
  portForward: { service: 'runtime.v1.RuntimeService', name: 'PortForward', request: PortForwardRequest, response: PortForwardResponse },
  listContainerStats: {
    service: 'runtime.v1.RuntimeService',
    name: 'ListContainerStats',
    request: ListContainerStatsRequest,
    response: ListContainerStatsResponse,
  },
  updateRuntimeConfig: {
    service: 'runtime.v1.RuntimeService',
    name: 'UpdateRuntimeConfig',
    request: UpdateRuntimeConfigRequest,
    response: UpdateRuntimeConfigResponse,
  },
  getContainerEvents: {
    service: 'runtime.v1.RuntimeService',
    name: 'GetContainerEvents',
    request: GetEventsRequest,
    response: ContainerEventResponse,
  },
  listImages: { service: 'runtime.v1.ImageService', name: 'ListImages', request: ListImagesRequest, response: ListImagesResponse },
  imageStatus: { service: 'runtime.v1.ImageService', name: 'ImageStatus', request: ImageStatusRequest, response: ImageStatusResponse },
  pullImage: { service: 'runtime.v1.ImageService', name: 'PullImage', request: PullImageRequest, response: PullImageResponse },
  removeImage: { service: 'runtime.v1.ImageService', name: 'RemoveImage', request: RemoveImageRequest, response: RemoveImageResponse },
  imageFsInfo: { service: 'runtime.v1.ImageService', name: 'ImageFsInfo', request: ImageFsInfoRequest, response: ImageFsInfoResponse },
} as const
