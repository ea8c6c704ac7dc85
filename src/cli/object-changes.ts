/** What the revisions of an object say of each change: when, who, and which fields. */

import type { HistoryItem, ObjectHistory } from '#apiserver/past/object-history.ts'
import type { KubeObject } from '#schema/resource.ts'
import { OperatorError } from './command.ts'
import type { Moment } from './moment.ts'

export interface ObjectChange {
  readonly resourceVersion: string
  /** Unknown where neither the store nor the object says so. */
  readonly time?: string
  /** Field managers; of a deletion the object does not say. */
  readonly who: readonly string[]
  readonly operation: string
  /** Paths of fields that differ from the revision before. */
  readonly changed: readonly string[]
}

export function changesOf(items: readonly HistoryItem[]): readonly ObjectChange[] {
  return items.map((item, i): ObjectChange => {
    const { type, resourceVersion, object } = item
    const time = timeOf(item)
    const told = { resourceVersion, ...(time !== undefined && { time }) }
    if (type === 'DELETED') return { ...told, who: [], operation: 'Delete', changed: [] }
    const before = items[i - 1]?.type === 'DELETED' ? undefined : items[i - 1]?.object
    const changed = before === undefined ? [] : changedPaths(withoutVersion(before), withoutVersion(object))
    const writers = writersOf(before, object, changed)
    const who = [...new Set(writers.map((w) => w.manager ?? ''))].filter((w) => w !== '')
    if (type === 'ADDED') return { ...told, who, operation: 'Create', changed: [] }
    const operations = new Set(writers.map((w) => [w.operation ?? 'Update', w.subresource].filter(Boolean).join(' ')))
    return {
      ...told,
      who,
      operation: operations.size === 0 ? 'Update' : [...operations].join(', '),
      changed,
    }
  })
}

/** When a revision was made: the store's word, else the newest the object itself has. */
export function timeOf({ type, time, object }: HistoryItem): string | undefined {
  if (time !== undefined) return time
  if (type === 'DELETED') return object.metadata.deletionTimestamp
  const times = [object.metadata.creationTimestamp, ...(object.metadata.managedFields ?? []).map((m) => m.time)]
  return times
    .filter((t) => t !== undefined)
    .toSorted()
    .at(-1)
}

/** The object as it stood at a moment; undefined when it was not there. Throws `OperatorError` for what is not known. */
export function objectAt({ items, oldest, metadata, omitted }: ObjectHistory, moment: Moment, said: string): HistoryItem | undefined {
  const [first] = items
  const beginning = new Date(oldest.time ?? timeOf(first!) ?? 0).toISOString()
  const unknown = () =>
    new OperatorError(
      moment.type === 'revision' || (omitted ?? 0) > 0
        ? `${said} is before the history that is still known: its oldest resourceVersion is ${omitted ? first!.resourceVersion : oldest.resourceVersion}`
        : `${said} is before the history that is still known, which begins at ${beginning}`,
    )
  if (moment.type === 'revision') {
    const { revision } = moment
    if (revision > Number(metadata.resourceVersion))
      throw new OperatorError(`resourceVersion ${said} has not come yet: the newest is ${metadata.resourceVersion}`)
    if (revision < Number(omitted ? first!.resourceVersion : oldest.resourceVersion)) throw unknown()
    return lastLiving(items.findLast((i) => Number(i.resourceVersion) <= revision))
  }
  const found = items.findLast((i) => {
    const time = timeOf(i)
    return time !== undefined && Date.parse(time) <= moment.time
  })
  // before all that is told: absent if that begins with its creation and the store's history reaches back further
  if (found === undefined && (first!.type !== 'ADDED' || omitted || oldest.time === undefined || moment.time < Date.parse(oldest.time)))
    throw unknown()
  return lastLiving(found)
}

function lastLiving(item: HistoryItem | undefined): HistoryItem | undefined {
  return item?.type === 'DELETED' ? undefined : item
}

type Owners = NonNullable<KubeObject['metadata']['managedFields']>

/**
 * Field managers whose entries are new or of a new time: those that only lost fields to them wrote nothing. Times are whole seconds, so
 * where none is new it was one of the newest: the one that owns most of what has changed.
 */
function writersOf(before: KubeObject | undefined, object: KubeObject, changed: readonly string[]): Owners {
  const owners = object.metadata.managedFields ?? []
  const written = (m: Owners[number]) => [m.manager, m.operation, m.subresource, m.apiVersion, m.time].join('\n')
  const known = new Set((before?.metadata.managedFields ?? []).map(written))
  const writers = before === undefined ? [] : owners.filter((m) => !known.has(written(m)))
  if (writers.length > 0) return writers
  const newest = owners
    .map((m) => m.time ?? '')
    .toSorted()
    .at(-1)
  const candidates = owners.filter((m) => (m.time ?? '') === newest)
  const owned = candidates.map((m) => changed.reduce((sum, path) => sum + depthOwned(m.fieldsV1, path), 0))
  return candidates.filter((_, i) => owned[i] === Math.max(...owned))
}

/** How far along a path the fields of an owner reach; within lists it does not matter. */
function depthOwned(fields: unknown, path: string): number {
  let depth = 0
  for (const name of path.split('[', 1)[0]!.split('.')) {
    fields = isRecord(fields) ? fields[`f:${name}`] : undefined
    if (fields === undefined) break
    depth++
  }
  return depth
}

function withoutVersion({ metadata, ...rest }: KubeObject): object {
  const { managedFields: _, resourceVersion: __, ...kept } = metadata
  return { metadata: kept, ...rest }
}

/** Objects are compared by member; lists by the names or types of their items if all have one, else by place. */
export function changedPaths(before: unknown, after: unknown, path = ''): readonly string[] {
  if (Array.isArray(before) && Array.isArray(after)) {
    const [olds, news] = [byIdentity(before), byIdentity(after)]
    const keys = new Set([...olds.keys(), ...news.keys()])
    return [...keys].flatMap((key) => changedPaths(olds.get(key), news.get(key), `${path}[${key}]`))
  }
  if (isRecord(before) && isRecord(after)) {
    const keys = new Set([...Object.keys(before), ...Object.keys(after)])
    return [...keys].flatMap((key) => changedPaths(before[key], after[key], joined(path, key)))
  }
  return before === after ? [] : [path]
}

function byIdentity(list: readonly unknown[]): ReadonlyMap<string, unknown> {
  for (const name of ['name', 'type', 'uid', 'ip']) {
    const keys = list.map((item) => (isRecord(item) && typeof item[name] === 'string' ? item[name] : undefined))
    if (keys.every((k) => k !== undefined) && new Set(keys).size === keys.length && keys.length > 0)
      return new Map(list.map((item, i) => [keys[i]!, item]))
  }
  return new Map(list.map((item, i) => [String(i), item]))
}

function joined(path: string, key: string): string {
  if (!/^[A-Za-z_][\w-]*$/.test(key)) return `${path}[${JSON.stringify(key)}]`
  return path === '' ? key : `${path}.${key}`
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
