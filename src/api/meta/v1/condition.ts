/** Declares condition (meta/v1). */

import { int64, message, opt, req, string, time } from '#schema/message.ts'

export class Condition extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.Condition',
  {
    type: req(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    observedGeneration: opt(3, int64(), { doc: 'The metadata.generation this condition was judged by.' }),
    lastTransitionTime: req(4, time, { doc: 'When the status last changed.' }),
    reason: req(5, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: req(6, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of an object, and since when it is so.' },
) {}
