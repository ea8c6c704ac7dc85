/** Declares FlowSchema (flowcontrol/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, list, message, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PriorityLevelConfigurationReference extends message('k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationReference', {
  name: req(1, string),
}) {}

export class FlowDistinguisherMethod extends message('k8s.io.api.flowcontrol.v1.FlowDistinguisherMethod', {
  type: req(1, string),
}) {}

export class UserSubject extends message('k8s.io.api.flowcontrol.v1.UserSubject', {
  name: req(1, string),
}) {}

export class GroupSubject extends message('k8s.io.api.flowcontrol.v1.GroupSubject', {
  name: req(1, string),
}) {}

export class ServiceAccountSubject extends message('k8s.io.api.flowcontrol.v1.ServiceAccountSubject', {
  namespace: req(1, string),
  name: req(2, string),
}) {}

export class Subject extends message(
  'k8s.io.api.flowcontrol.v1.Subject',
  {
    kind: req(1, string),
    user: opt(2, UserSubject),
    group: opt(3, GroupSubject),
    serviceAccount: opt(4, ServiceAccountSubject),
  },
  { unions: [{ discriminator: 'kind', members: ['group', 'serviceAccount', 'user'], required: false }] },
) {}

export class ResourcePolicyRule extends message('k8s.io.api.flowcontrol.v1.ResourcePolicyRule', {
  verbs: req(1, list(string, { listType: 'set' })),
  apiGroups: req(2, list(string, { listType: 'set' })),
  resources: req(3, list(string, { listType: 'set' })),
  clusterScope: opt(4, bool),
  namespaces: opt(5, list(string, { listType: 'set' })),
}) {}

export class NonResourcePolicyRule extends message('k8s.io.api.flowcontrol.v1.NonResourcePolicyRule', {
  verbs: req(1, list(string, { listType: 'set' })),
  nonResourceURLs: req(6, list(string, { listType: 'set' })),
}) {}

export class PolicyRulesWithSubjects extends message('k8s.io.api.flowcontrol.v1.PolicyRulesWithSubjects', {
  subjects: req(1, list(Subject, { listType: 'atomic' })),
  resourceRules: opt(2, list(ResourcePolicyRule, { listType: 'atomic' })),
  nonResourceRules: opt(3, list(NonResourcePolicyRule, { listType: 'atomic' })),
}) {}

export class FlowSchemaSpec extends message('k8s.io.api.flowcontrol.v1.FlowSchemaSpec', {
  priorityLevelConfiguration: req(1, PriorityLevelConfigurationReference),
  matchingPrecedence: opt(2, int32()),
  distinguisherMethod: opt(3, FlowDistinguisherMethod),
  rules: opt(4, list(PolicyRulesWithSubjects, { listType: 'atomic' })),
}) {}

export class FlowSchemaCondition extends message('k8s.io.api.flowcontrol.v1.FlowSchemaCondition', {
  type: opt(1, string),
  status: opt(2, string),
  lastTransitionTime: opt(3, time),
  reason: opt(4, string),
  message: opt(5, string),
}) {}

export class FlowSchemaStatus extends message('k8s.io.api.flowcontrol.v1.FlowSchemaStatus', {
  conditions: opt(1, list(FlowSchemaCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } })),
}) {}

export class FlowSchema extends object('k8s.io.api.flowcontrol.v1.FlowSchema', {
  metadata: val(1, ObjectMeta),
  spec: val(2, FlowSchemaSpec),
  status: val(3, FlowSchemaStatus),
}) {}

export const flowSchemas = resource(FlowSchema, {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})
