/** Declares node selector (core/v1). */

import { list, message, oneOf, opt, req, string } from '#schema/message.ts'

export class NodeSelectorRequirement extends message('k8s.io.api.core.v1.NodeSelectorRequirement', {
  key: req(1, string),
  operator: req(2, oneOf('In', 'NotIn', 'Exists', 'DoesNotExist', 'Gt', 'Lt')),
  values: opt(3, list(string, { listType: 'atomic' })),
}) {}

export class NodeSelectorTerm extends message(
  'k8s.io.api.core.v1.NodeSelectorTerm',
  {
    matchExpressions: opt(1, list(NodeSelectorRequirement, { listType: 'atomic' })),
    matchFields: opt(2, list(NodeSelectorRequirement, { listType: 'atomic' })),
  },
  { mapType: 'atomic' },
) {}

export class NodeSelector extends message(
  'k8s.io.api.core.v1.NodeSelector',
  {
    nodeSelectorTerms: req(1, list(NodeSelectorTerm, { listType: 'atomic' })),
  },
  { mapType: 'atomic' },
) {}
