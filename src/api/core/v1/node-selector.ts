/** Declares node selector (core/v1). */

import { list, message, oneOf, opt, req, string } from '#schema/message.ts'

export class NodeSelectorRequirement extends message(
  'k8s.io.api.core.v1.NodeSelectorRequirement',
  {
    key: req(1, string, { doc: 'Label key, or field name for matchFields.', mayBeEmpty: true }),
    operator: req(2, oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt'), {
      doc: 'How values apply: In, NotIn, Exists, DoesNotExist, Gt or Lt.',
      mayBeEmpty: true,
      checkedAbove: true,
    }),
    values: opt(3, list(string, { listType: 'atomic' }), {
      doc: 'Values for In and NotIn; a single integer for Gt and Lt; none for the others.',
    }),
  },
  { doc: "One demand on a node's label or field." },
) {}

export class NodeSelectorTerm extends message(
  'k8s.io.api.core.v1.NodeSelectorTerm',
  {
    matchExpressions: opt(1, list(NodeSelectorRequirement, { listType: 'atomic' }), { doc: "Demands on the node's labels." }),
    matchFields: opt(2, list(NodeSelectorRequirement, { listType: 'atomic' }), {
      doc: "Demands on the node's fields; only metadata.name can be asked for.",
    }),
  },
  { doc: 'Chooses nodes; all demands must hold, and an empty term chooses none.', mapType: 'atomic' },
) {}

export class NodeSelector extends message(
  'k8s.io.api.core.v1.NodeSelector',
  {
    nodeSelectorTerms: req(1, list(NodeSelectorTerm, { listType: 'atomic' }), { doc: 'Terms of which one must hold.', mayBeEmpty: true }),
  },
  { doc: 'Chooses the nodes that at least one term chooses.', mapType: 'atomic' },
) {}
