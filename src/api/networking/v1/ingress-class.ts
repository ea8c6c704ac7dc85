/** Declares IngressClass (networking/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class IngressClassParametersReference extends message('k8s.io.api.networking.v1.IngressClassParametersReference', {
  apiGroup: opt(1, string, { keepsZero: true }),
  kind: req(2, string),
  name: req(3, string),
  scope: opt(4, string, { keepsZero: true }),
  namespace: opt(5, string, { keepsZero: true }),
}) {}

export class IngressClassSpec extends message('k8s.io.api.networking.v1.IngressClassSpec', {
  controller: opt(1, string),
  parameters: opt(2, IngressClassParametersReference),
}) {}

export class IngressClass extends object('k8s.io.api.networking.v1.IngressClass', {
  metadata: val(1, ObjectMeta),
  spec: val(2, IngressClassSpec),
}) {}

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

function parametersText({ spec }: IngressClass): string {
  const { parameters } = spec
  if (parameters === undefined) return '<none>'
  return `${parameters.kind}${parameters.apiGroup ? `.${parameters.apiGroup}` : ''}/${parameters.name}`
}
