/** Declares ResourceQuota (core/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, map, message, opt, quantity, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ScopedResourceSelectorRequirement extends message('k8s.io.api.core.v1.ScopedResourceSelectorRequirement', {
  scopeName: req(1, string),
  operator: req(2, string),
  values: opt(3, list(string, { listType: 'atomic' })),
}) {}

export class ScopeSelector extends message(
  'k8s.io.api.core.v1.ScopeSelector',
  {
    matchExpressions: opt(1, list(ScopedResourceSelectorRequirement, { listType: 'atomic' })),
  },
  { mapType: 'atomic' },
) {}

export class ResourceQuotaSpec extends message('k8s.io.api.core.v1.ResourceQuotaSpec', {
  hard: opt(1, map(quantity)),
  scopes: opt(2, list(string, { listType: 'atomic' })),
  scopeSelector: opt(3, ScopeSelector, { mapType: 'atomic' }),
}) {}

export class ResourceQuotaStatus extends message('k8s.io.api.core.v1.ResourceQuotaStatus', {
  hard: opt(1, map(quantity)),
  used: opt(2, map(quantity)),
}) {}

export class ResourceQuota extends object('k8s.io.api.core.v1.ResourceQuota', {
  metadata: val(1, ObjectMeta),
  spec: val(2, ResourceQuotaSpec),
  status: val(3, ResourceQuotaStatus),
}) {}

export const resourceQuotas = resource(ResourceQuota, {
  group: '',
  version: 'v1',
  kind: 'ResourceQuota',
  plural: 'resourcequotas',
  scope: 'Namespaced',
  shortNames: ['quota'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    {
      name: 'Request',
      type: 'string',
      description: 'Requests used, of those allowed.',
      cell: (q) => usageText(q, (name) => !name.startsWith('limits')),
    },
    {
      name: 'Limit',
      type: 'string',
      description: 'Limits used, of those allowed.',
      cell: (q) => usageText(q, (name) => name.startsWith('limits')),
    },
    ageColumn,
  ],
})

function usageText({ status }: ResourceQuota, shown: (name: string) => boolean): string {
  const names = Object.keys(status.hard ?? {})
    .filter(shown)
    .sort()
  return names.map((name) => `${name}: ${status.used?.[name] ?? '0'}/${status.hard![name]}`).join(', ')
}
