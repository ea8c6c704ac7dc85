/** Declares LimitRange (core/v1). */

import { createdAtColumn, nameColumn } from '#schema/table.ts'
import { limitRangeErrors } from './quota-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { list, map, message, opt, quantity, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class LimitRangeItem extends message(
  'k8s.io.api.core.v1.LimitRangeItem',
  {
    type: req(1, string, { doc: 'Sort of object: Container, Pod or PersistentVolumeClaim.', mayBeEmpty: true }),
    max: opt(2, map(quantity), { doc: 'Most that may be asked for, by resource.' }),
    min: opt(3, map(quantity), { doc: 'Least that may be asked for, by resource.' }),
    default: opt(4, map(quantity), { doc: 'Limits of containers that set none.' }),
    defaultRequest: opt(5, map(quantity), { doc: 'Requests of containers that set none.' }),
    maxLimitRequestRatio: opt(6, map(quantity), { doc: 'Most by which a limit may exceed its request, as a factor.' }),
  },
  { doc: 'Limits for one sort of object.' },
) {}

export class LimitRangeSpec extends message(
  'k8s.io.api.core.v1.LimitRangeSpec',
  {
    limits: req(1, list(LimitRangeItem, { listType: 'atomic' }), { doc: 'All limits; each of them holds.', mayBeEmpty: true }),
  },
  { doc: 'Limits of a namespace.' },
) {}

export class LimitRange extends object(
  'k8s.io.api.core.v1.LimitRange',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, LimitRangeSpec, { doc: 'The limits.' }),
  },
  { doc: 'Limits and defaults for resources of single objects in a namespace.' },
) {}

export const limitRanges = resource(LimitRange, {
  group: '',
  version: 'v1',
  kind: 'LimitRange',
  plural: 'limitranges',
  scope: 'Namespaced',
  shortNames: ['limits'],
  columns: [nameColumn, createdAtColumn],
})

rulesFor(LimitRange, { check: limitRangeErrors })
rulesFor(LimitRangeItem, {
  /** Of containers, the default limit follows the largest allowed, and the default request the default limit or the least allowed. */
  defaults(item) {
    if (item.type !== 'Container') return undefined
    const limits = { ...item.max, ...item.default }
    const requests = { ...item.min, ...limits, ...item.defaultRequest }
    return {
      ...(Object.keys(limits).length > 0 && { default: limits }),
      ...(Object.keys(requests).length > 0 && { defaultRequest: requests }),
    }
  },
})
