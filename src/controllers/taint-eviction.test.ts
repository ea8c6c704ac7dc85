import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Taint, Toleration } from '#api/core/v1/toleration.ts'
import { VirtualClock } from '#base/clock.ts'
import type { Action } from './controller.ts'
import { evictionTime, taintEvictionController } from './taint-eviction.ts'
import { tolerates } from './tolerations.ts'

const unreachable: Taint = { key: 'node.kubernetes.io/unreachable', effect: 'NoExecute' }
const maintenance: Taint = { key: 'maintenance', value: 'yes', effect: 'NoExecute' }
const since = () => 1_000_000

function pod(...tolerations: readonly Toleration[]): Pod {
  return {
    metadata: { name: 'web', namespace: 'default', uid: 'u' },
    spec: { containers: [], tolerations, nodeName: 'n1' },
    status: {},
  } as unknown as Pod
}

test('a pod goes when its shortest toleration ends, at once for a taint it does not tolerate', () => {
  const five: Toleration = { key: unreachable.key, operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 300 }
  const two: Toleration = { key: 'maintenance', operator: 'Equal', value: 'yes', tolerationSeconds: 120 }
  equal(evictionTime(pod(five), [unreachable], since), 1_300_000)
  equal(evictionTime(pod(five, two), [unreachable, maintenance], since), 1_120_000)
  equal(evictionTime(pod(five), [unreachable, maintenance], since), 1_000_000)
  equal(evictionTime(pod({ operator: 'Exists' }), [unreachable, maintenance], since), undefined)
  equal(evictionTime(pod(five), [], since), undefined)
})

test('tolerations match by key, value, effect and number', () => {
  equal(tolerates({ operator: 'Exists' }, maintenance), true)
  equal(tolerates({ key: 'maintenance' }, maintenance), false)
  equal(tolerates({ key: 'maintenance', value: 'yes', effect: 'NoSchedule' }, maintenance), false)
  equal(tolerates({ key: 'level', operator: 'Gt', value: '5' }, { key: 'level', value: '6', effect: 'NoExecute' }), true)
  equal(tolerates({ key: 'level', operator: 'Lt', value: '5' }, { key: 'level', value: 'x', effect: 'NoExecute' }), false)
})

test('a taint without a time counts from when it was first seen; a pod whose taint goes is reprieved', async () => {
  const clock = new VirtualClock()
  const controller = taintEvictionController(clock)
  const web = pod({ key: 'maintenance', operator: 'Exists', tolerationSeconds: 60 })
  let taints: readonly Taint[] = [maintenance]
  const cache = {
    get: (resource: { readonly plural: string }) =>
      resource.plural === 'pods' ? web : { metadata: { name: 'n1', uid: 'n' }, spec: { taints } },
  }
  const look = async () => {
    const snapshot = await controller.read('default/web', cache as never, {} as never)
    const { actions, requeueAfterMs } = controller.decide(snapshot!, clock.now())
    return [actions.map((a: Action) => (a.type === 'event' ? a.event.message : a.type)), requeueAfterMs]
  }
  deepEqual(await look(), [[], 60_000])
  await clock.advance(20_000)
  deepEqual(await look(), [[], 40_000])
  taints = []
  deepEqual(await look(), [['Cancelling deletion of Pod default/web'], undefined])
  taints = [maintenance]
  deepEqual(await look(), [[], 60_000])
  await clock.advance(60_000)
  deepEqual(await look(), [['Marking for deletion Pod default/web', 'patch', 'delete'], undefined])
})
