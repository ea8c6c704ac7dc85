/** Declares Workload (scheduling/v1alpha2). */

import { PodGroupResourceClaim, PodGroupSchedulingConstraints, PodGroupSchedulingPolicy } from './pod-group.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { invalid, tooMany, type FieldError } from '#schema/field-error.ts'
import { int32, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

const TEMPLATES_MAX = 8

export class TypedLocalObjectReference extends message(
  'k8s.io.api.scheduling.v1alpha2.TypedLocalObjectReference',
  {
    apiGroup: opt(1, string, { doc: 'Group of the kind, empty for the core one.' }),
    kind: req(2, string, { doc: 'Kind of the object.' }),
    name: req(3, string, { doc: 'Name of the object.' }),
  },
  { doc: 'Names an object of the same namespace.' },
) {}

export class PodGroupTemplate extends message(
  'k8s.io.api.scheduling.v1alpha2.PodGroupTemplate',
  {
    name: req(1, string, { doc: 'Name, unique in the workload; cannot be changed.' }),
    schedulingPolicy: req(2, PodGroupSchedulingPolicy, { doc: 'How the pods are scheduled.', mayBeEmpty: true }),
    schedulingConstraints: opt(3, PodGroupSchedulingConstraints, { doc: 'Where the pods may go.' }),
    resourceClaims: opt(
      4,
      list(PodGroupResourceClaim, { listType: 'map', keys: ['name'], patch: { strategy: 'merge,retainKeys', mergeKey: 'name' } }),
      { doc: 'Claims that the pods of a group share.' },
    ),
    disruptionMode: opt(5, string, { doc: 'Whether pods are evicted each for itself (Pod) or all together (PodGroup).', keepsZero: true }),
    priorityClassName: opt(6, string, { doc: 'Class that the priority of the group comes from.' }),
    priority: opt(7, int32(), { doc: 'Priority of the group, from its class.', keepsZero: true }),
  },
  { doc: 'What groups of pods are made from.' },
) {}

export class WorkloadSpec extends message(
  'k8s.io.api.scheduling.v1alpha2.WorkloadSpec',
  {
    controllerRef: opt(1, TypedLocalObjectReference, { doc: 'What manages it, for tools to link to; cannot be changed once set.' }),
    podGroupTemplates: req(2, list(PodGroupTemplate, { listType: 'map', keys: ['name'] }), {
      doc: 'Its groups, from 1 to 8; cannot be changed.',
    }),
  },
  { doc: 'The groups of a workload.' },
) {}

export class Workload extends object(
  'k8s.io.api.scheduling.v1alpha2.Workload',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, WorkloadSpec, { doc: 'Its groups.' }),
  },
  { doc: 'Says how the pods of an application are scheduled together.' },
) {}

export const workloads = resource(Workload, {
  group: 'scheduling.k8s.io',
  version: 'v1alpha2',
  kind: 'Workload',
  plural: 'workloads',
  scope: 'Namespaced',
})

rulesFor(WorkloadSpec, {
  check: ({ podGroupTemplates = [] }, path): FieldError[] =>
    podGroupTemplates.length > TEMPLATES_MAX ? [tooMany(`${path}.podGroupTemplates`, podGroupTemplates.length, TEMPLATES_MAX)] : [],
  checkUpdate({ controllerRef, podGroupTemplates }, old, path): FieldError[] {
    const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b)
    return [
      ...(old.controllerRef !== undefined && !same(controllerRef, old.controllerRef)
        ? [invalid(`${path}.controllerRef`, controllerRef, 'field is immutable')]
        : []),
      ...(same(podGroupTemplates, old.podGroupTemplates)
        ? []
        : [invalid(`${path}.podGroupTemplates`, podGroupTemplates, 'field is immutable')]),
    ]
  },
})
