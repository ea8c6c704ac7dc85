/** Declares label selector (meta/v1). */

import { selectorErrors } from '#schema/selector.ts'
import { list, map, message, oneOf, opt, req, rulesFor, string } from '#schema/message.ts'

export class LabelSelectorRequirement extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelectorRequirement',
  {
    key: req(1, string, { doc: 'Label key the demand is about.' }),
    operator: req(2, oneOf('In', 'NotIn', 'Exists', 'DoesNotExist'), { doc: 'How values apply: In, NotIn, Exists or DoesNotExist.' }),
    values: opt(3, list(string, { listType: 'atomic' }), {
      doc: 'Values for In and NotIn, at least one; must be empty for Exists and DoesNotExist.',
    }),
  },
  { doc: 'One demand on a label.' },
) {}

export class LabelSelector extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.LabelSelector',
  {
    matchLabels: opt(1, map(string), { doc: 'Labels an object must carry with exactly these values.' }),
    matchExpressions: opt(2, list(LabelSelectorRequirement, { listType: 'atomic' }), {
      doc: 'Further demands on labels, all of which must hold.',
    }),
  },
  { doc: 'Chooses objects by their labels; all demands must hold, and an empty selector chooses everything.', mapType: 'atomic' },
) {}

export class FieldSelectorRequirement extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.FieldSelectorRequirement',
  {
    key: req(1, string, { doc: 'Field selector key the demand is about.' }),
    operator: req(2, string, { doc: 'How values apply: In, NotIn, Exists or DoesNotExist; more may come.' }),
    values: opt(3, list(string, { listType: 'atomic' }), { doc: 'Values for In and NotIn; must be empty for Exists and DoesNotExist.' }),
  },
  { doc: 'One demand on a field.' },
) {}

rulesFor(LabelSelector, { check: (selector, path) => selectorErrors(selector, path) })
