/** Declares label selector (meta/v1). */

import { selectorErrors } from '#schema/selector.ts'
import { list, map, message, oneOf, opt, req, rulesFor, string } from '#schema/message.ts'

export class LabelSelectorRequirement extends message('k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement', {
  key: req(1, string),
  operator: req(2, oneOf('In', 'NotIn', 'Exists', 'DoesNotExist')),
  values: opt(3, list(string, { listType: 'atomic' })),
}) {}

export class LabelSelector extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelector',
  {
    matchLabels: opt(1, map(string)),
    matchExpressions: opt(2, list(LabelSelectorRequirement, { listType: 'atomic' })),
  },
  { mapType: 'atomic' },
) {}

export class FieldSelectorRequirement extends message('k8s.io.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement', {
  key: req(1, string),
  operator: req(2, string),
  values: opt(3, list(string, { listType: 'atomic' })),
}) {}

rulesFor(LabelSelector, { check: (selector, path) => selectorErrors(selector, path) })
