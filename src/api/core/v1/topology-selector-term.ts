/** Declares topology selector term (core/v1). */

import { list, message, opt, req, string } from '#schema/message.ts'

export class TopologySelectorLabelRequirement extends message(
  'k8s.io.api.core.v1.TopologySelectorLabelRequirement',
  {
    key: req(1, string, { doc: 'Label key, such as topology.kubernetes.io/zone.' }),
    values: req(2, list(string, { listType: 'atomic' }), { doc: 'Values that will do.' }),
  },
  { doc: 'Demands one of some values of a topology label.' },
) {}

export class TopologySelectorTerm extends message(
  'k8s.io.api.core.v1.TopologySelectorTerm',
  {
    matchLabelExpressions: opt(1, list(TopologySelectorLabelRequirement, { listType: 'atomic' }), { doc: 'Demands on topology labels.' }),
  },
  { doc: 'Chooses topology domains; all demands must hold.', mapType: 'atomic' },
) {}
