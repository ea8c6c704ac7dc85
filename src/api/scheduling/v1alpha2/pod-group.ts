/** Declares PodGroup (scheduling/v1alpha2). */

import { invalid, required, type FieldError } from '#schema/field-error.ts'
import { Condition } from '#api/meta/v1/condition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class BasicSchedulingPolicy extends message(
  'k8s.io.api.scheduling.v1alpha2.BasicSchedulingPolicy',
  {},
  { doc: 'Schedules each pod for itself.' },
) {}

export class GangSchedulingPolicy extends message(
  'k8s.io.api.scheduling.v1alpha2.GangSchedulingPolicy',
  { minCount: req(1, int32(), { doc: 'How many pods must find places at the same time; at least 1.' }) },
  { doc: 'Schedules pods together or not at all.' },
) {}

export class PodGroupSchedulingPolicy extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupSchedulingPolicy',
  {
    basic: opt(1, BasicSchedulingPolicy, { doc: 'Each pod for itself.' }),
    gang: opt(2, GangSchedulingPolicy, { doc: 'Together or not at all.' }),
  },
  {
    doc: 'How the pods of a group are scheduled; exactly one must be set.',
    unions: [{ members: ['basic', 'gang'], required: true, published: true }],
  },
) {}

export class TopologyConstraint extends message(
  'k8s.io.api.scheduling.v1alpha2.TopologyConstraint',
  { key: req(1, string, { doc: 'Label of nodes; all pods go where its value is the same.' }) },
  { doc: 'Keeps pods close to each other.' },
) {}

export class PodGroupSchedulingConstraints extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupSchedulingConstraints',
  { topology: opt(1, list(TopologyConstraint, { listType: 'atomic' }), { doc: 'How close to each other they must be; at most one.' }) },
  { doc: 'Where the pods of a group may go.' },
) {}

export class PodGroupResourceClaim extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupResourceClaim',
  {
    name: req(1, string, { doc: 'Name by which the pods refer to it.' }),
    resourceClaimName: opt(2, string, { doc: 'A claim of the namespace.', keepsZero: true }),
    resourceClaimTemplateName: opt(3, string, { doc: 'A template to make a claim from for the group.', keepsZero: true }),
  },
  { doc: 'A claim that the pods of a group share; exactly one source must be set.' },
) {}

const claims = list(PodGroupResourceClaim, {
  listType: 'map',
  keys: ['name'],
  patch: { strategy: 'merge,retainKeys', mergeKey: 'name' },
})

export class WorkloadPodGroupTemplateReference extends message(
  'k8s.io.api.scheduling.v1alpha2.WorkloadPodGroupTemplateReference',
  {
    workloadName: req(1, string, { doc: 'Workload of the same namespace.' }),
    podGroupTemplateName: req(2, string, { doc: 'Template of that workload.' }),
  },
  { doc: 'Names a template of a workload.' },
) {}

export class PodGroupTemplateReference extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupTemplateReference',
  { workload: opt(1, WorkloadPodGroupTemplateReference, { doc: 'A template of a workload.' }) },
  { doc: 'Names what a group was made from.', unions: [{ members: ['workload'], required: true, published: true }] },
) {}

export class PodGroupSpec extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupSpec',
  {
    podGroupTemplateRef: opt(1, PodGroupTemplateReference, { doc: 'What it was made from; cannot be changed.' }),
    schedulingPolicy: req(2, PodGroupSchedulingPolicy, { doc: 'How its pods are scheduled; cannot be changed.', mayBeEmpty: true }),
    schedulingConstraints: opt(3, PodGroupSchedulingConstraints, { doc: 'Where its pods may go; cannot be changed.' }),
    resourceClaims: opt(4, claims, { doc: 'Claims that its pods share; cannot be changed.' }),
    disruptionMode: opt(5, string, { doc: 'Whether pods are evicted each for itself (Pod) or all together (PodGroup).', keepsZero: true }),
    priorityClassName: opt(6, string, { doc: 'Class that the priority of the group comes from.' }),
    priority: opt(7, int32(), { doc: 'Priority of the group, from its class.', keepsZero: true }),
  },
  { doc: 'How the pods of a group are scheduled.' },
) {}

export class PodGroupResourceClaimStatus extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupResourceClaimStatus',
  {
    name: req(1, string, { doc: 'Name of the claim in the group.' }),
    resourceClaimName: opt(2, string, { doc: 'The claim that was made for it.', keepsZero: true }),
  },
  { doc: 'Which claim was made for a group.' },
) {}

export class PodGroupStatus extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupStatus',
  {
    conditions: opt(1, list(Condition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'Whether it is scheduled or disrupted.',
    }),
    resourceClaimStatuses: opt(
      2,
      list(PodGroupResourceClaimStatus, {
        listType: 'map',
        keys: ['name'],
        patch: { strategy: 'merge,retainKeys', mergeKey: 'name' },
      }),
      { doc: 'Claims that were made for it.' },
    ),
  },
  { doc: 'What became of a group.' },
) {}

export class PodGroup extends object(
  'k8s.io.api.scheduling.v1alpha2.PodGroup',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, PodGroupSpec, { doc: 'How its pods are scheduled.' }),
    status: val(3, PodGroupStatus, { doc: 'What became of it.' }),
  },
  { doc: 'Pods that are scheduled with regard to each other.' },
) {}

export const podGroups = resource(PodGroup, {
  group: 'scheduling.k8s.io',
  version: 'v1alpha2',
  kind: 'PodGroup',
  plural: 'podgroups',
  scope: 'Namespaced',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})

rulesFor(GangSchedulingPolicy, {
  check: ({ minCount }, path): FieldError[] =>
    minCount !== undefined && minCount < 1 ? [invalid(`${path}.minCount`, minCount, 'must be greater than or equal to 1')] : [],
})

rulesFor(PodGroupSchedulingPolicy, {
  check({ basic, gang }, path): FieldError[] {
    if (basic === undefined && gang === undefined) return [required(path, 'must specify one of: `basic`, `gang`')]
    return basic !== undefined && gang !== undefined
      ? [invalid(path, '{`basic`, `gang`}', 'must specify exactly one of: `basic`, `gang`')]
      : []
  },
})

rulesFor(PodGroup, {
  checkUpdate({ spec }, old, _path, subresource): FieldError[] {
    if (subresource === 'status' || JSON.stringify(spec) === JSON.stringify(old.spec)) return []
    return (
      [
        'podGroupTemplateRef',
        'schedulingPolicy',
        'schedulingConstraints',
        'resourceClaims',
        'disruptionMode',
        'priorityClassName',
        'priority',
      ] as const
    )
      .filter((name) => JSON.stringify(spec[name]) !== JSON.stringify(old.spec[name]))
      .map((name) => invalid(`spec.${name}`, spec[name], 'field is immutable'))
  },
})
