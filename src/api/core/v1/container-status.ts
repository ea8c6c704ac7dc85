/** Declares container status (core/v1). */

import { ResourceRequirements } from './container.ts'
import { bool, int32, int64, list, map, message, opt, quantity, req, string, time, val } from '#schema/message.ts'

export class ContainerStateWaiting extends message(
  'k8s.io.api.core.v1.ContainerStateWaiting',
  {
    reason: opt(1, string, { doc: 'Why, as one word, such as ContainerCreating or CrashLoopBackOff.' }),
    message: opt(2, string, { doc: 'Why, in words.' }),
  },
  { doc: 'The container does not run yet.' },
) {}

export class ContainerStateRunning extends message(
  'k8s.io.api.core.v1.ContainerStateRunning',
  {
    startedAt: opt(1, time, { doc: 'Since when.' }),
  },
  { doc: 'The container runs.' },
) {}

export class ContainerStateTerminated extends message(
  'k8s.io.api.core.v1.ContainerStateTerminated',
  {
    exitCode: req(1, int32(), { doc: 'Exit code of its last process.' }),
    signal: opt(2, int32(), { doc: 'Signal that ended it.' }),
    reason: opt(3, string, { doc: 'Why, as one word, such as Completed, Error or OOMKilled.' }),
    message: opt(4, string, { doc: 'What it left as its last message.' }),
    startedAt: opt(5, time, { doc: 'When it had started.' }),
    finishedAt: opt(6, time, { doc: 'When it ended.' }),
    containerID: opt(7, string, { doc: 'Id of the ended container, as runtime://id.' }),
  },
  { doc: 'The container has ended.' },
) {}

export class ContainerState extends message(
  'k8s.io.api.core.v1.ContainerState',
  {
    waiting: opt(1, ContainerStateWaiting, { doc: 'It does not run yet.' }),
    running: opt(2, ContainerStateRunning, { doc: 'It runs.' }),
    terminated: opt(3, ContainerStateTerminated, { doc: 'It has ended.' }),
  },
  { doc: 'What a container does; at most one is set, and none means waiting.' },
) {}

export class ImageVolumeStatus extends message(
  'k8s.io.api.core.v1.ImageVolumeStatus',
  {
    imageRef: req(1, string, { doc: 'Digest of the image.' }),
  },
  { doc: 'What is mounted for an image volume.' },
) {}

export class VolumeStatus extends message(
  'k8s.io.api.core.v1.VolumeStatus',
  {
    image: opt(1, ImageVolumeStatus, { doc: 'For an image volume.' }),
  },
  { doc: 'What is mounted for a volume, by its sort.' },
) {}

export class VolumeMountStatus extends message(
  'k8s.io.api.core.v1.VolumeMountStatus',
  {
    name: req(1, string, { doc: 'Name of the volume.' }),
    mountPath: req(2, string, { doc: 'Path in the container.' }),
    readOnly: opt(3, bool, { doc: 'Whether it is read-only.' }),
    recursiveReadOnly: opt(4, string, { doc: 'Whether mounts below are read-only too: Disabled or Enabled.', keepsZero: true }),
    volumeStatus: opt(5, VolumeStatus, { doc: 'What is mounted.' }),
  },
  { doc: 'How a volume is mounted in truth.' },
) {}

export class LinuxContainerUser extends message(
  'k8s.io.api.core.v1.LinuxContainerUser',
  {
    uid: req(1, int64(), { doc: 'User id.' }),
    gid: req(2, int64(), { doc: 'Group id.' }),
    supplementalGroups: opt(3, list(int64(), { listType: 'atomic' }), { doc: 'Further group ids.' }),
  },
  { doc: "The user of a container's first process on Linux." },
) {}

export class ContainerUser extends message(
  'k8s.io.api.core.v1.ContainerUser',
  {
    linux: opt(1, LinuxContainerUser, { doc: 'On Linux.' }),
  },
  { doc: "The user of a container's first process, by operating system." },
) {}

export class ResourceHealth extends message(
  'k8s.io.api.core.v1.ResourceHealth',
  {
    resourceID: req(1, string, { doc: 'Id of the device, as its driver gives it.' }),
    health: opt(2, string, { doc: 'Healthy, Unhealthy or Unknown.' }),
    message: opt(6, string, { doc: 'More about its health, in words.' }),
  },
  { doc: 'How one allocated device fares.' },
) {}

export class ResourceStatus extends message(
  'k8s.io.api.core.v1.ResourceStatus',
  {
    name: req(1, string, { doc: 'Name of the resource; claim:<claim>/<request> for a resource claim.' }),
    resources: opt(2, list(ResourceHealth, { listType: 'map', keys: ['resourceID'] }), { doc: 'Every device with its health.' }),
  },
  { doc: 'How the devices of one resource fare.' },
) {}

export class ContainerStatus extends message(
  'k8s.io.api.core.v1.ContainerStatus',
  {
    name: req(1, string, { doc: 'Name of the container.' }),
    state: val(2, ContainerState, { doc: 'What it does now.' }),
    lastState: val(3, ContainerState, { doc: 'How it ended the last time.' }),
    ready: req(4, bool, { doc: 'Whether its readiness probe succeeds.', keepsZero: true }),
    restartCount: req(5, int32(), { doc: 'How often it was restarted.' }),
    image: req(6, string, { doc: 'Image it runs; may be named otherwise than in the spec.' }),
    imageID: req(7, string, { doc: 'Digest or id of that image.' }),
    containerID: opt(8, string, { doc: 'Id of the container, as runtime://id.' }),
    started: opt(9, bool, { doc: 'Whether it has passed its startup probe and its postStart handler.', keepsZero: true }),
    allocatedResources: opt(10, map(quantity), { doc: 'Requests the node has set aside for it.' }),
    resources: opt(11, ResourceRequirements, { doc: 'Requests and limits in force.' }),
    volumeMounts: opt(
      12,
      list(VolumeMountStatus, { listType: 'map', keys: ['mountPath'], patch: { strategy: 'merge', mergeKey: 'mountPath' } }),
      { doc: 'How volumes are mounted in truth.' },
    ),
    user: opt(13, ContainerUser, { doc: 'Which user its first process started as.' }),
    allocatedResourcesStatus: opt(
      14,
      list(ResourceStatus, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }),
      { doc: 'How the devices given to it fare.' },
    ),
    stopSignal: opt(15, string, { doc: 'Signal that asks it to stop.', keepsZero: true }),
  },
  { doc: 'What is observed of a container.' },
) {}
