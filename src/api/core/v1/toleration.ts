/** Declares toleration (core/v1). */

import { int64, message, oneOf, oneOfInOrder, opt, req, string, time } from '#schema/message.ts'

export class Toleration extends message(
  'k8s.io.api.core.v1.Toleration',
  {
    key: opt(1, string, { doc: 'Taint key; empty, with Exists, matches every taint.' }),
    operator: opt(2, oneOf('Equal', 'Exists', 'Lt', 'Gt'), {
      doc: 'How the value is compared: Equal (the default), Exists, Lt or Gt.',
      checkedAbove: true,
    }),
    value: opt(3, string, { doc: 'Taint value to compare with; empty for Exists.' }),
    effect: opt(4, oneOfInOrder('NoSchedule', 'PreferNoSchedule', 'NoExecute'), { doc: 'Taint effect; empty matches every effect.' }),
    tolerationSeconds: opt(5, int64(), {
      doc: 'Seconds to stay on a node with a NoExecute taint; forever when absent, 0 or less not at all.',
      keepsZero: true,
    }),
  },
  { doc: 'Lets a pod stand matching taints of nodes.' },
) {}

export class Taint extends message(
  'k8s.io.api.core.v1.Taint',
  {
    key: req(1, string, { doc: 'Taint key, such as node.kubernetes.io/unreachable.' }),
    value: opt(2, string, { doc: 'Taint value.' }),
    effect: req(3, oneOfInOrder('NoSchedule', 'PreferNoSchedule', 'NoExecute'), {
      doc: 'What befalls pods: NoSchedule, PreferNoSchedule, or NoExecute, which also evicts running ones.',
    }),
    timeAdded: opt(4, time, { doc: 'When it was put on the node.' }),
  },
  { doc: 'Keeps pods that do not tolerate it off a node.' },
) {}
