/** Declares FlowSchema (flowcontrol/v1). */

import { conditionErrors, schemaErrors } from './flow-control-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class PriorityLevelConfigurationReference extends message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationReference',
  {
    name: req(1, string, { doc: 'Name of the PriorityLevelConfiguration.', mayBeEmpty: true }),
  },
  { doc: 'Names a priority level.' },
) {}

export class FlowDistinguisherMethod extends message(
  'k8s.io.api.flowcontrol.v1.FlowDistinguisherMethod',
  {
    type: req(1, string, { doc: 'ByUser or ByNamespace.', mayBeEmpty: true }),
  },
  { doc: 'How requests of a schema are split into flows.' },
) {}

export class UserSubject extends message(
  'k8s.io.api.flowcontrol.v1.UserSubject',
  {
    name: req(1, string, { doc: 'Name of the user; * for all.' }),
  },
  { doc: 'A user.' },
) {}

export class GroupSubject extends message(
  'k8s.io.api.flowcontrol.v1.GroupSubject',
  {
    name: req(1, string, { doc: 'Name of the group; * for all.' }),
  },
  { doc: 'Users of a group.' },
) {}

export class ServiceAccountSubject extends message(
  'k8s.io.api.flowcontrol.v1.ServiceAccountSubject',
  {
    namespace: req(1, string, { doc: 'Namespace of the account.', mayBeEmpty: true }),
    name: req(2, string, { doc: 'Name of the account; * for all.' }),
  },
  { doc: 'A service account.' },
) {}

export class Subject extends message(
  'k8s.io.api.flowcontrol.v1.Subject',
  {
    kind: req(1, string, { doc: 'User, Group or ServiceAccount.', mayBeEmpty: true }),
    user: opt(2, UserSubject, { doc: 'A user.' }),
    group: opt(3, GroupSubject, { doc: 'Users of a group.' }),
    serviceAccount: opt(4, ServiceAccountSubject, { doc: 'A service account.' }),
  },
  {
    doc: 'Who makes a request; the member that the kind names must be set.',
    unions: [{ discriminator: 'kind', members: ['group', 'serviceAccount', 'user'], required: false }],
  },
) {}

export class ResourcePolicyRule extends message(
  'k8s.io.api.flowcontrol.v1.ResourcePolicyRule',
  {
    verbs: req(1, list(string, { listType: 'set' }), { doc: 'Verbs; * for all.', mayBeEmpty: true }),
    apiGroups: req(2, list(string, { listType: 'set' }), { doc: 'API groups; * for all.', mayBeEmpty: true }),
    resources: req(3, list(string, { listType: 'set' }), { doc: 'Resources; * for all.', mayBeEmpty: true }),
    clusterScope: opt(4, bool, { doc: 'Whether requests without a namespace match. False by default.' }),
    namespaces: opt(5, list(string, { listType: 'set' }), { doc: 'Namespaces that match; * for all.' }),
  },
  { doc: 'Requests for resources.' },
) {}

export class NonResourcePolicyRule extends message(
  'k8s.io.api.flowcontrol.v1.NonResourcePolicyRule',
  {
    verbs: req(1, list(string, { listType: 'set' }), { doc: 'HTTP methods in lower case; * for all.', mayBeEmpty: true }),
    nonResourceURLs: req(6, list(string, { listType: 'set' }), {
      doc: 'Paths, where * may stand as the last segment; * for all.',
      mayBeEmpty: true,
    }),
  },
  { doc: 'Requests for paths that are no resources.' },
) {}

export class PolicyRulesWithSubjects extends message(
  'k8s.io.api.flowcontrol.v1.PolicyRulesWithSubjects',
  {
    subjects: req(1, list(Subject, { listType: 'atomic' }), { doc: 'Who makes them; one that matches is enough.', mayBeEmpty: true }),
    resourceRules: opt(2, list(ResourcePolicyRule, { listType: 'atomic' }), { doc: 'Requests for resources.' }),
    nonResourceRules: opt(3, list(NonResourcePolicyRule, { listType: 'atomic' }), { doc: 'Requests for other paths.' }),
  },
  { doc: 'Requests, by who makes them and what for.' },
) {}

export class FlowSchemaSpec extends message(
  'k8s.io.api.flowcontrol.v1.FlowSchemaSpec',
  {
    priorityLevelConfiguration: req(1, PriorityLevelConfigurationReference, {
      doc: 'The level; while it is missing, the schema has no effect.',
      mayBeEmpty: true,
    }),
    matchingPrecedence: opt(2, int32(), { doc: 'Order among schemas that match, 1 to 10000; the lowest wins. 1000 by default.' }),
    distinguisherMethod: opt(3, FlowDistinguisherMethod, { doc: 'How to split the requests into flows. One flow for all by default.' }),
    rules: opt(4, list(PolicyRulesWithSubjects, { listType: 'atomic' }), { doc: 'Requests it takes; one that matches is enough.' }),
  },
  { doc: 'Which requests go to what level.' },
) {}

export class FlowSchemaCondition extends message(
  'k8s.io.api.flowcontrol.v1.FlowSchemaCondition',
  {
    type: opt(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: opt(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a flow schema, such as Dangling.' },
) {}

export class FlowSchemaStatus extends message(
  'k8s.io.api.flowcontrol.v1.FlowSchemaStatus',
  {
    conditions: opt(1, list(FlowSchemaCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of it.',
    }),
  },
  { doc: 'What is observed of a flow schema.' },
) {}

export class FlowSchema extends object(
  'k8s.io.api.flowcontrol.v1.FlowSchema',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, FlowSchemaSpec, { doc: 'Which requests, and what level.' }),
    status: val(3, FlowSchemaStatus, { doc: 'What is observed of the schema.' }),
  },
  { doc: 'Assigns requests to a priority level.' },
) {}

export const flowSchemas = resource(FlowSchema, {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'FlowSchema',
  plural: 'flowschemas',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'PriorityLevel', type: 'string', description: 'The level.', cell: (s) => s.spec.priorityLevelConfiguration?.name || '<none>' },
    {
      name: 'MatchingPrecedence',
      type: 'integer',
      description: 'Order among schemas that match.',
      cell: (s) => s.spec.matchingPrecedence ?? 0,
    },
    {
      name: 'DistinguisherMethod',
      type: 'string',
      description: 'How requests are split into flows.',
      cell: (s) => s.spec.distinguisherMethod?.type ?? '<none>',
    },
    ageColumn,
    {
      name: 'MissingPL',
      type: 'string',
      description: 'Whether the level is missing.',
      cell: (s) => s.status.conditions?.find((c) => c.type === 'Dangling')?.status ?? '?',
    },
  ],
})

rulesFor(FlowSchemaSpec, { defaults: ({ matchingPrecedence }) => (matchingPrecedence ? undefined : { matchingPrecedence: 1000 }) })
rulesFor(FlowSchema, {
  check: schemaErrors,
  checkUpdate: (schema, _old, _path, subresource) => (subresource === 'status' ? conditionErrors(schema.status) : []),
})
