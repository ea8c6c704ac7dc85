/** Declares topology selector term (core/v1). */

import { list, message, opt, req, string } from '#schema/message.ts'

export class TopologySelectorLabelRequirement extends message('k8s.io.api.core.v1.TopologySelectorLabelRequirement', {
  key: req(1, string),
  values: req(2, list(string, { listType: 'atomic' })),
}) {}

export class TopologySelectorTerm extends message(
  'k8s.io.api.core.v1.TopologySelectorTerm',
  {
    matchLabelExpressions: opt(1, list(TopologySelectorLabelRequirement, { listType: 'atomic' })),
  },
  { mapType: 'atomic' },
) {}
