/** Declares ResourceQuota (core/v1). */

import { ageColumn, nameColumn } from '#schema/table.ts'
import { quotaErrors, quotaUpdateErrors } from './quota-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, map, message, opt, quantity, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ScopedResourceSelectorRequirement extends message(
  'k8s.io.api.core.v1.ScopedResourceSelectorRequirement',
  {
    scopeName: req(1, string, { doc: 'Name of the scope, such as PriorityClass.', mayBeEmpty: true }),
    operator: req(2, string, { doc: 'How values apply: In, NotIn, Exists or DoesNotExist.', mayBeEmpty: true }),
    values: opt(3, list(string, { listType: 'atomic' }), { doc: 'Values for In and NotIn; must be empty for Exists and DoesNotExist.' }),
  },
  { doc: 'One demand on a scope.' },
) {}

export class ScopeSelector extends message(
  'k8s.io.api.core.v1.ScopeSelector',
  {
    matchExpressions: opt(1, list(ScopedResourceSelectorRequirement, { listType: 'atomic' }), { doc: 'Demands on scopes.' }),
  },
  { doc: 'Chooses objects by scopes; all demands must hold.', mapType: 'atomic' },
) {}

export class ResourceQuotaSpec extends message(
  'k8s.io.api.core.v1.ResourceQuotaSpec',
  {
    hard: opt(1, map(quantity), { doc: 'Most that may be used, by resource, such as pods, requests.cpu or count/secrets.' }),
    scopes: opt(2, list(string, { listType: 'atomic' }), {
      doc: 'Only count objects all these hold of: Terminating, NotTerminating, BestEffort, NotBestEffort and others.',
    }),
    scopeSelector: opt(3, ScopeSelector, { doc: 'Only count objects this holds of, as well as scopes.', mapType: 'atomic' }),
  },
  { doc: 'Limits on use.' },
) {}

export class ResourceQuotaStatus extends message(
  'k8s.io.api.core.v1.ResourceQuotaStatus',
  {
    hard: opt(1, map(quantity), { doc: 'Limits in force, by resource.' }),
    used: opt(2, map(quantity), { doc: 'Use in the namespace, by resource.' }),
  },
  { doc: 'Limits in force, and use.' },
) {}

export class ResourceQuota extends object(
  'k8s.io.api.core.v1.ResourceQuota',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, ResourceQuotaSpec, { doc: 'The limits.' }),
    status: val(3, ResourceQuotaStatus, { doc: 'The limits and the use.' }),
  },
  { doc: 'Limits what all objects of a namespace may use together.' },
) {}

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

rulesFor(ResourceQuota, { check: quotaErrors, checkUpdate: (quota, old, _, subresource) => quotaUpdateErrors(quota, old, subresource) })

function usageText({ status }: ResourceQuota, shown: (name: string) => boolean): string {
  const names = Object.keys(status.hard ?? {})
    .filter(shown)
    .sort()
  return names.map((name) => `${name}: ${status.used?.[name] ?? '0'}/${status.hard![name]}`).join(', ')
}
