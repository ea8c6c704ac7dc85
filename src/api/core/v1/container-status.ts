/** Declares container status (core/v1). */

import { ResourceRequirements } from './container.ts'
import { bool, int32, int64, list, map, message, opt, quantity, req, string, time, val } from '#schema/message.ts'

export class ContainerStateWaiting extends message('k8s.io.api.core.v1.ContainerStateWaiting', {
  reason: opt(1, string),
  message: opt(2, string),
}) {}

export class ContainerStateRunning extends message('k8s.io.api.core.v1.ContainerStateRunning', {
  startedAt: opt(1, time),
}) {}

export class ContainerStateTerminated extends message('k8s.io.api.core.v1.ContainerStateTerminated', {
  exitCode: req(1, int32()),
  signal: opt(2, int32()),
  reason: opt(3, string),
  message: opt(4, string),
  startedAt: opt(5, time),
  finishedAt: opt(6, time),
  containerID: opt(7, string),
}) {}

export class ContainerState extends message('k8s.io.api.core.v1.ContainerState', {
  waiting: opt(1, ContainerStateWaiting),
  running: opt(2, ContainerStateRunning),
  terminated: opt(3, ContainerStateTerminated),
}) {}

export class ImageVolumeStatus extends message('k8s.io.api.core.v1.ImageVolumeStatus', {
  imageRef: req(1, string),
}) {}

export class VolumeStatus extends message('k8s.io.api.core.v1.VolumeStatus', {
  image: opt(1, ImageVolumeStatus),
}) {}

export class VolumeMountStatus extends message('k8s.io.api.core.v1.VolumeMountStatus', {
  name: req(1, string),
  mountPath: req(2, string),
  readOnly: opt(3, bool),
  recursiveReadOnly: opt(4, string, { keepsZero: true }),
  volumeStatus: opt(5, VolumeStatus),
}) {}

export class LinuxContainerUser extends message('k8s.io.api.core.v1.LinuxContainerUser', {
  uid: req(1, int64()),
  gid: req(2, int64()),
  supplementalGroups: opt(3, list(int64(), { listType: 'atomic' })),
}) {}

export class ContainerUser extends message('k8s.io.api.core.v1.ContainerUser', {
  linux: opt(1, LinuxContainerUser),
}) {}

export class ResourceHealth extends message('k8s.io.api.core.v1.ResourceHealth', {
  resourceID: req(1, string),
  health: opt(2, string),
  message: opt(6, string),
}) {}

export class ResourceStatus extends message('k8s.io.api.core.v1.ResourceStatus', {
  name: req(1, string),
  resources: opt(2, list(ResourceHealth, { listType: 'map', keys: ['resourceID'] })),
}) {}

export class ContainerStatus extends message('k8s.io.api.core.v1.ContainerStatus', {
  name: req(1, string),
  state: val(2, ContainerState),
  lastState: val(3, ContainerState),
  ready: req(4, bool, { keepsZero: true }),
  restartCount: req(5, int32()),
  image: req(6, string),
  imageID: req(7, string),
  containerID: opt(8, string),
  started: opt(9, bool, { keepsZero: true }),
  allocatedResources: opt(10, map(quantity)),
  resources: opt(11, ResourceRequirements),
  volumeMounts: opt(
    12,
    list(VolumeMountStatus, { listType: 'map', keys: ['mountPath'], patch: { strategy: 'merge', mergeKey: 'mountPath' } }),
  ),
  user: opt(13, ContainerUser),
  allocatedResourcesStatus: opt(
    14,
    list(ResourceStatus, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }),
  ),
  stopSignal: opt(15, string, { keepsZero: true }),
}) {}
