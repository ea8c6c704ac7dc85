/** Declares toleration (core/v1). */

import { int64, message, oneOf, opt, req, string, time } from '#schema/message.ts'

export class Toleration extends message('k8s.io.api.core.v1.Toleration', {
  key: opt(1, string),
  operator: opt(2, oneOf('Equal', 'Exists', 'Lt', 'Gt')),
  value: opt(3, string),
  effect: opt(4, oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute')),
  tolerationSeconds: opt(5, int64(), { keepsZero: true }),
}) {}

export class Taint extends message('k8s.io.api.core.v1.Taint', {
  key: req(1, string),
  value: opt(2, string),
  effect: req(3, oneOf('NoSchedule', 'PreferNoSchedule', 'NoExecute')),
  timeAdded: opt(4, time),
}) {}
