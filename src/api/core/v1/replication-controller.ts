/** Declares ReplicationController (core/v1). */

import { PodTemplateSpec } from './pod-template.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, int64, list, map, message, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ReplicationControllerSpec extends message('k8s.io.api.core.v1.ReplicationControllerSpec', {
  replicas: opt(1, int32(), { default: 1, keepsZero: true }),
  minReadySeconds: opt(4, int32()),
  selector: opt(2, map(string), { mapType: 'atomic' }),
  template: opt(3, PodTemplateSpec),
}) {}

export class ReplicationControllerCondition extends message('k8s.io.api.core.v1.ReplicationControllerCondition', {
  type: req(1, string),
  status: req(2, string),
  lastTransitionTime: opt(3, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class ReplicationControllerStatus extends message('k8s.io.api.core.v1.ReplicationControllerStatus', {
  replicas: req(1, int32(), { keepsZero: true }),
  fullyLabeledReplicas: opt(2, int32()),
  readyReplicas: opt(4, int32()),
  availableReplicas: opt(5, int32()),
  observedGeneration: opt(3, int64()),
  conditions: opt(
    6,
    list(ReplicationControllerCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
  ),
}) {}

export class ReplicationController extends object('k8s.io.api.core.v1.ReplicationController', {
  metadata: val(1, ObjectMeta),
  spec: val(2, ReplicationControllerSpec),
  status: val(3, ReplicationControllerStatus),
}) {}

export const replicationControllers = resource(ReplicationController, {
  group: '',
  version: 'v1',
  kind: 'ReplicationController',
  plural: 'replicationcontrollers',
  scope: 'Namespaced',
  shortNames: ['rc'],
  categories: ['all'],
  subresources: [
    { name: 'scale', verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
})
