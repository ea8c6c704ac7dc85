/** Declares condition (meta/v1). */

import { int64, message, opt, req, string, time } from '#schema/message.ts'

export class Condition extends message('k8s.io.apimachinery.pkg.apis.meta.v1.Condition', {
  type: req(1, string),
  status: req(2, string),
  observedGeneration: opt(3, int64()),
  lastTransitionTime: req(4, time),
  reason: req(5, string),
  message: req(6, string),
}) {}
