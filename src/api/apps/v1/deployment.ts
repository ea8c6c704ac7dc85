/** Declares Deployment (apps/v1). */

import { PodTemplateSpec } from '#api/core/v1/pod-template.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, int64, intOrString, list, message, oneOf, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class RollingUpdateDeployment extends message('k8s.io.api.apps.v1.RollingUpdateDeployment', {
  maxUnavailable: opt(1, intOrString, { default: '25%', keepsZero: true }),
  maxSurge: opt(2, intOrString, { default: '25%', keepsZero: true }),
}) {}

export class DeploymentStrategy extends message('k8s.io.api.apps.v1.DeploymentStrategy', {
  type: opt(1, oneOf('Recreate', 'RollingUpdate'), { default: 'RollingUpdate' }),
  rollingUpdate: opt(2, RollingUpdateDeployment),
}) {}

export class DeploymentSpec extends message('k8s.io.api.apps.v1.DeploymentSpec', {
  replicas: opt(1, int32(), { default: 1, keepsZero: true }),
  selector: req(2, LabelSelector, { mapType: 'atomic' }),
  template: req(3, PodTemplateSpec),
  strategy: val(4, DeploymentStrategy, { patch: 'retainKeys' }),
  minReadySeconds: opt(5, int32()),
  revisionHistoryLimit: opt(6, int32(), { default: 10, keepsZero: true }),
  paused: opt(7, bool),
  progressDeadlineSeconds: opt(9, int32(), { default: 600, keepsZero: true }),
}) {}

export class DeploymentCondition extends message('k8s.io.api.apps.v1.DeploymentCondition', {
  type: req(1, string),
  status: req(2, string),
  lastUpdateTime: opt(6, time),
  lastTransitionTime: opt(7, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class DeploymentStatus extends message('k8s.io.api.apps.v1.DeploymentStatus', {
  observedGeneration: opt(1, int64()),
  replicas: opt(2, int32()),
  updatedReplicas: opt(3, int32()),
  readyReplicas: opt(7, int32()),
  availableReplicas: opt(4, int32()),
  unavailableReplicas: opt(5, int32()),
  terminatingReplicas: opt(9, int32(), { keepsZero: true }),
  conditions: opt(6, list(DeploymentCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
  collisionCount: opt(8, int32(), { keepsZero: true }),
}) {}

export class Deployment extends object('k8s.io.api.apps.v1.Deployment', {
  metadata: val(1, ObjectMeta),
  spec: val(2, DeploymentSpec),
  status: val(3, DeploymentStatus),
}) {}

export const deployments = resource(Deployment, {
  group: 'apps',
  version: 'v1',
  kind: 'Deployment',
  plural: 'deployments',
  scope: 'Namespaced',
  shortNames: ['deploy'],
  categories: ['all'],
  subresources: [
    { name: 'scale', verbs: ['get', 'patch', 'update'], kind: { group: 'autoscaling', version: 'v1', kind: 'Scale' } },
    { name: 'status', verbs: ['get', 'patch', 'update'] },
  ],
})
