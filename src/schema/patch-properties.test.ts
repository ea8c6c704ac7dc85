/** A patch that is computed from one object to another turns the first into the second, for each way of patching. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { applyJsonPatch, sameJson } from './json-patch.ts'
import { applyMergePatch } from './merge-patch.ts'
import type { ListNode, Message, TypeNode } from './message.ts'
import { flatFields } from './presence.ts'
import { strategicMerge } from './strategic-merge.ts'
import { someObject } from './test-values.ts'
import { Deployment } from '#api/apps/v1/deployment.ts'
import { HorizontalPodAutoscaler } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { CronJob } from '#api/batch/v1/cron-job.ts'
import { Pod } from '#api/core/v1/pod.ts'
import { Service } from '#api/core/v1/service.ts'
import { Ingress } from '#api/networking/v1/ingress.ts'
import { seededRandom } from '#base/random.ts'

const SEEDS = 150
const KINDS: readonly Message[] = [Pod, Deployment, Service, CronJob, Ingress, HorizontalPodAutoscaler].map((type) => type.schema)

type Json = Readonly<Record<string, unknown>>

const WAYS: Readonly<Record<string, (message: Message, from: Json, to: Json) => unknown>> = {
  'a merge patch': (_, from, to) => applyMergePatch(from, mergePatch(from, to)),
  'a JSON patch': (_, from, to) => applyJsonPatch(from, jsonPatch(from, to, '')),
  'a strategic merge patch': (message, from, to) =>
    strategicMerge(message, from, strategicPatch({ type: 'message', message: () => message }, from, to)),
}

for (const [name, patched] of Object.entries(WAYS))
  test(`${name} from one object to another turns the first into the second`, () => {
    for (const message of KINDS)
      for (let seed = 1; seed <= SEEDS; seed++) {
        const random = seededRandom(seed)
        const [from, to] = [someObject(message, random), someObject(message, random)]
        const before = structuredClone(from)
        deepEqual(patched(message, from, to), to, `${message.name}, seed ${seed}`)
        deepEqual(from, before, `${message.name}, seed ${seed}: the object itself is left alone`)
      }
  })

function mergePatch(from: Json, to: Json): Json {
  const patch: Record<string, unknown> = {}
  for (const key of keysOf(from, to)) {
    const [a, b] = [from[key], to[key]]
    if (b === undefined) patch[key] = null
    else if (isJson(a) && isJson(b)) patch[key] = mergePatch(a, b)
    else patch[key] = b
  }
  return patch
}

function jsonPatch(from: Json, to: Json, at: string): readonly object[] {
  return keysOf(from, to).flatMap((key): readonly object[] => {
    const [a, b] = [from[key], to[key]]
    const path = `${at}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (sameJson(a, b)) return []
    if (b === undefined) return [{ op: 'remove', path }]
    if (a === undefined) return [{ op: 'add', path, value: b }]
    return isJson(a) && isJson(b) ? jsonPatch(a, b, path) : [{ op: 'replace', path, value: b }]
  })
}

/** As kubectl computes it: keyed lists item by item with `$setElementOrder`, unions with `$retainKeys`. */
function strategicPatch(node: TypeNode | undefined, from: Json, to: Json): Json {
  const patch: Record<string, unknown> = {}
  for (const key of keysOf(from, to)) {
    const [a, b] = [from[key], to[key]]
    const field = node?.type === 'message' ? flatFields(node.message()).find((f) => f.name === key) : undefined
    const of = node?.type === 'map' ? node.of : field?.node
    if (sameJson(a, b)) continue
    if (b === undefined) patch[key] = null
    else if (isJson(a) && isJson(b) && field?.patch !== 'replace') {
      const below = strategicPatch(of, a, b)
      patch[key] = field?.patch === 'retainKeys' ? { ...below, $retainKeys: Object.keys(b) } : below
    } else if (of?.type === 'list' && of.patch?.strategy.includes('merge') && Array.isArray(a) && Array.isArray(b))
      Object.assign(patch, listPatch(of, key, a, b))
    else patch[key] = b
  }
  return patch
}

function listPatch(node: ListNode, key: string, from: readonly unknown[], to: readonly unknown[]): Json {
  const { mergeKey, strategy } = node.patch!
  if (mergeKey === undefined)
    return {
      [key]: to.filter((item) => !from.includes(item)),
      [`$deleteFromPrimitiveList/${key}`]: from.filter((item) => !to.includes(item)),
      [`$setElementOrder/${key}`]: to,
    }
  const same = (item: Json) => (other: Json) => sameJson(other[mergeKey], item[mergeKey])
  const [mine, theirs] = [from as readonly Json[], to as readonly Json[]]
  const changed = theirs.flatMap((item): readonly Json[] => {
    const before = mine.find(same(item))
    if (before === undefined) return [item]
    if (sameJson(before, item)) return []
    const below = { ...strategicPatch(node.of, before, item), [mergeKey]: item[mergeKey] }
    return [strategy.includes('retainKeys') ? { ...below, $retainKeys: Object.keys(item) } : below]
  })
  const gone = mine.filter((item) => !theirs.some(same(item))).map((item) => ({ $patch: 'delete', [mergeKey]: item[mergeKey] }))
  return { [key]: [...changed, ...gone], [`$setElementOrder/${key}`]: theirs.map((item) => ({ [mergeKey]: item[mergeKey] })) }
}

function keysOf(...objects: readonly Json[]): readonly string[] {
  return [...new Set(objects.flatMap((object) => Object.keys(object)))]
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
