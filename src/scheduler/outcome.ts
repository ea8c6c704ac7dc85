/** What the scheduler writes about a pod it could not place: its condition, its promised node, and the victims' fate. */

import { pods, type Pod } from '#api/core/v1/pod.ts'
import { timestamp, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { isReason, type Client } from '#client/client.ts'
import type { EventRecorder } from './event-recorder.ts'
import type { PodInfo } from './pod-info.ts'

/** Sets `PodScheduled=False` with its reason, if that says anything new. */
export async function setScheduledCondition(
  client: Client,
  clock: Clock,
  pod: Pod,
  reason: 'Unschedulable' | 'SchedulerError',
  message: string,
  nominated: string | undefined,
): Promise<void> {
  const before = pod.status?.conditions?.find((c) => c.type === 'PodScheduled')
  const generation = pod.metadata.generation
  const sameCondition =
    before?.status === 'False' && before.reason === reason && before.message === message && before.observedGeneration === generation
  const sameNode = nominated === undefined || (pod.status?.nominatedNodeName ?? '') === nominated
  if (sameCondition && sameNode) return
  await patchPodStatus(client, pod, {
    ...(!sameCondition && {
      conditions: [
        {
          type: 'PodScheduled',
          status: 'False',
          reason,
          message,
          lastProbeTime: null,
          lastTransitionTime: before?.status === 'False' && before.lastTransitionTime ? before.lastTransitionTime : timestamp(clock.now()),
          ...(generation !== undefined && { observedGeneration: generation }),
        },
      ],
    }),
    ...(!sameNode && { nominatedNodeName: nominated === '' ? null : nominated }),
  })
}

export async function patchPodStatus(client: Client, pod: Pod, status: object): Promise<void> {
  const { namespace = '', name, uid } = pod.metadata
  await client.patch(
    pods,
    { namespace, name },
    'application/strategic-merge-patch+json',
    { metadata: { uid }, status },
    { subresource: 'status' },
  )
}

/** Marks each victim as disrupted, then deletes it, and says for whom. */
export async function evictVictims(
  parts: { client: Client; clock: Clock; log: Log; recorder: EventRecorder; schedulerName: string },
  preemptor: Pod,
  nodeName: string,
  victims: readonly PodInfo[],
): Promise<void> {
  const { client, clock, log, recorder, schedulerName } = parts
  await Promise.all(
    victims.map(async ({ pod, key }) => {
      const { namespace = '', name, uid, deletionTimestamp, generation } = pod.metadata
      if (deletionTimestamp !== undefined) return
      try {
        await patchPodStatus(client, pod, {
          conditions: [
            {
              type: 'DisruptionTarget',
              status: 'True',
              reason: 'PreemptionByScheduler',
              message: `${schedulerName}: preempting to accommodate a higher priority pod`,
              lastTransitionTime: timestamp(clock.now()),
              ...(generation !== undefined && { observedGeneration: generation }),
            },
          ],
        })
        await client.delete(pods, { namespace, name }, { preconditions: { uid } })
      } catch (error) {
        if (!isReason(error, 'NotFound')) log.error('victim not evicted', { victim: key, error: String(error) })
        return
      }
      log.info('pod preempted', { victim: key, node: nodeName, preemptor: preemptor.metadata.uid })
      recorder.record(pod, {
        type: 'Normal',
        reason: 'Preempted',
        action: 'Preempting',
        note: `Preempted by pod ${preemptor.metadata.uid} on node ${nodeName}`,
        related: preemptor,
      })
    }),
  )
}
