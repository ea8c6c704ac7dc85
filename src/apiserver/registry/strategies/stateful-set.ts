/** StatefulSets: what is worth a warning. */

import type { Stored, Strategy } from '../strategy.ts'
import type { StatefulSet } from '#api/apps/v1/stateful-set.ts'

export const statefulSetStrategy: Strategy<StatefulSet & Stored> = {
  generation: 'spec',
  warnings: ({ spec }) =>
    (spec.revisionHistoryLimit ?? 0) < 0
      ? ['spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended']
      : [],
}
