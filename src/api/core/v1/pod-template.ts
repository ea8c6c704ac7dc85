/** Declares PodTemplate (core/v1). */

import { nameColumn } from '#schema/table.ts'
import { templateColumns, labelsText } from './template-columns.ts'
import { templateErrors } from './template-rules.ts'
import { podWarnings } from './pod-warnings.ts'
import { PodSpec } from './pod.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, rulesFor, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PodTemplateSpec extends message(
  'k8s.io.api.core.v1.PodTemplateSpec',
  {
    metadata: val(1, ObjectMeta, { doc: 'Labels and annotations of what is made from it.' }),
    spec: val(2, PodSpec, { doc: 'What is wanted of the pod.' }),
  },
  { doc: 'A pod to be made, as workloads describe it.' },
) {}

export class PodTemplate extends object(
  'k8s.io.api.core.v1.PodTemplate',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    template: val(2, PodTemplateSpec, { doc: 'The pod to be made.' }),
  },
  { doc: 'A stored description of pods to be made.' },
) {}

export const podTemplates = resource(PodTemplate, {
  group: '',
  version: 'v1',
  kind: 'PodTemplate',
  plural: 'podtemplates',
  scope: 'Namespaced',
  columns: [
    nameColumn,
    ...templateColumns<PodTemplate>((t) => t.template).map((column) => ({ ...column, priority: 0 as const })),
    { name: 'Pod Labels', type: 'string', description: 'Labels of the pods.', cell: (t) => labelsText(t.template.metadata.labels) },
  ],
})

rulesFor(PodTemplateSpec, { check: templateErrors, warn: podWarnings })
