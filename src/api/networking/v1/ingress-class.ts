/** Declares IngressClass (networking/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { ingressClassSpecErrors, ingressClassUpdateErrors } from './ingress-rules.ts'
import { message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class IngressClassParametersReference extends message(
  'k8s.io.api.networking.v1.IngressClassParametersReference',
  {
    apiGroup: opt(1, string, { doc: 'API group of the object; absent for the core group.', keepsZero: true }),
    kind: req(2, string, { doc: 'Kind of the object.' }),
    name: req(3, string, { doc: 'Name of the object.' }),
    scope: opt(4, string, { doc: 'Cluster (the default) or Namespace.', keepsZero: true }),
    namespace: opt(5, string, { doc: 'Namespace of the object; only and always for scope Namespace.', keepsZero: true }),
  },
  { doc: 'Names an object with parameters for a class.' },
) {}

export class IngressClassSpec extends message(
  'k8s.io.api.networking.v1.IngressClassSpec',
  {
    controller: opt(1, string, { doc: 'Name of the controller, such as example.com/ingress; cannot be changed.' }),
    parameters: opt(2, IngressClassParametersReference, { doc: 'Object with parameters for the controller.' }),
  },
  { doc: 'The controller of an ingress class.' },
) {}

export class IngressClass extends object(
  'k8s.io.api.networking.v1.IngressClass',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, IngressClassSpec, { doc: 'The controller and its parameters.' }),
  },
  { doc: 'A sort of ingress, and the controller that serves it.' },
) {}

export const ingressClasses = resource(IngressClass, {
  group: 'networking.k8s.io',
  version: 'v1',
  kind: 'IngressClass',
  plural: 'ingressclasses',
  scope: 'Cluster',
  columns: [
    nameColumn,
    { name: 'Controller', type: 'string', description: 'Who serves its ingresses.', cell: (c) => c.spec.controller ?? '' },
    { name: 'Parameters', type: 'string', description: 'How.', cell: parametersText },
    ageColumn,
  ],
})

rulesFor(IngressClassParametersReference, { defaults: ({ scope }) => (scope === undefined ? { scope: 'Cluster' } : undefined) })
rulesFor(IngressClassSpec, { check: ingressClassSpecErrors })
rulesFor(IngressClass, { checkUpdate: ingressClassUpdateErrors })

function parametersText({ spec }: IngressClass): string {
  const { parameters } = spec
  if (parameters === undefined) return '<none>'
  return `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ''}/${parameters.name}`
}
