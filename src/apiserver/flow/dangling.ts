/** Tells in a flow schema's status whether the level it names is there. */

import type { FlowSchema } from '#api/flowcontrol/v1/flow-schema.ts'
import { timestamp, type Instant } from '#base/clock.ts'

export interface DanglingChange {
  readonly name: string
  readonly condition: NonNullable<NonNullable<FlowSchema['status']>['conditions']>[number]
}

/** The conditions to set; none where the status says it already. */
export function danglingChanges(schemas: readonly FlowSchema[], levels: ReadonlySet<string>, now: Instant): readonly DanglingChange[] {
  return schemas.flatMap(({ metadata, spec, status }) => {
    const level = spec.priorityLevelConfiguration.name
    const found = levels.has(level)
    const references = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(level)}`
    const wanted = found
      ? { status: 'False', reason: 'Found', message: `${references} and it exists` }
      : { status: 'True', reason: 'NotFound', message: `${references} but there is no such object` }
    const old = status?.conditions?.find((condition) => condition.type === 'Dangling')
    if (old?.status === wanted.status && old.reason === wanted.reason && old.message === wanted.message) return []
    const lastTransitionTime = old?.status === wanted.status && old.lastTransitionTime ? old.lastTransitionTime : timestamp(now)
    return [{ name: metadata.name, condition: { type: 'Dangling', ...wanted, lastTransitionTime } }]
  })
}
