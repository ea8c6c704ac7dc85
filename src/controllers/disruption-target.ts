/** Says on a pod why it is about to go, before it is deleted: the DisruptionTarget condition. */

import { pods, type Pod } from '#api/core/v1/pod.ts'
import { timestamp, type Instant } from '#base/clock.ts'
import { patch, type Action } from './controller.ts'

/** `fail` also ends the pod's life on record, for pods that no kubelet will ever report on again. */
export function markDisrupted(pod: Pod, reason: string, message: string, now: Instant, fail = false): Action {
  const { generation, uid } = pod.metadata
  const before = pod.status.conditions?.find((c) => c.type === 'DisruptionTarget')
  const condition = {
    type: 'DisruptionTarget',
    status: 'True',
    reason,
    message,
    lastTransitionTime: before?.status === 'True' ? (before.lastTransitionTime ?? timestamp(now)) : timestamp(now),
    ...(generation !== undefined && { observedGeneration: generation }),
  }
  const status = { ...(fail && { phase: 'Failed' }), conditions: [condition] }
  return patch(pods, pod, 'application/strategic-merge-patch+json', { metadata: { uid }, status }, 'status')
}
