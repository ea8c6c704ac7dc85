/** Who owns which fields of an object: what writes and applies do to `metadata.managedFields`. */

import { onlyBelow, withoutReset, type ResetFields } from './reset-fields.ts'
import type { ManagedFieldsEntry } from '#api/meta/v1/object-meta.ts'
import { compare, type Difference } from '#schema/apply/compare.ts'
import { difference, intersection, isEmpty, LEAF, ordered, readFieldSet, sameSet, union, type FieldSet } from '#schema/apply/field-set.ts'
import { fieldsOf } from '#schema/apply/fields-of.ts'
import { merge, remove, withNamedFields } from '#schema/apply/merge.ts'
import type { Json } from '#schema/apply/shape.ts'
import type { Message } from '#schema/message.ts'

/** One write, as far as ownership goes. */
export interface ManagedWrite {
  readonly message: Message
  readonly manager: string
  readonly apiVersion: string
  readonly subresource: string
  readonly time: string
  /** What the path of the write leaves alone. */
  readonly reset: ResetFields
}

export interface Conflict {
  readonly manager: ManagedFieldsEntry
  readonly fields: FieldSet
}

export type Applied =
  | { readonly type: 'conflicts'; readonly conflicts: readonly Conflict[] }
  /** `managed` is `live`'s own list where nothing changed. */
  | { readonly type: 'applied'; readonly object: Json; readonly managed: readonly ManagedFieldsEntry[] }

const UPDATE_MANAGERS_MAX = 10 // upstream's; the oldest beyond it share an entry
const ANCIENT = 'ancient-changes'
const BEFORE_FIRST_APPLY = 'before-first-apply'

/** One manager's part, by what tells it from others. */
interface Owner {
  readonly entry: ManagedFieldsEntry
  readonly fields: FieldSet
}
type Owners = Map<string, Owner>

/**
 * The owners after a create or update: what changed is the writer's now. `old` is absent on create. The list of `old` itself
 * when nothing changed hands.
 */
export function afterUpdate(old: Json | undefined, next: Json, write: ManagedWrite): readonly ManagedFieldsEntry[] {
  const live = entriesOf(old)
  const sent = write.subresource === '' ? entriesOf(next) : []
  const afresh = write.subresource === '' && isReset(next)
  if (afresh && old !== undefined) return []
  const asked = sent.length > 0 && !afresh ? readOwners(sent) : undefined
  const given = asked === undefined ? live : sent
  const owners = asked ?? readOwners(live) ?? new Map<string, Owner>()
  // An object without owners stays so until it is applied: then everything there counts as from before.
  if (owners.size === 0 && old !== undefined) return given
  const found = differences(old ?? {}, next, write)
  if (isEmpty(found.changed) && isEmpty(found.removed)) return keep(given, live)
  take(owners, found, undefined)
  if (!isEmpty(found.changed)) {
    const entry = entryOf(write, 'Update')
    const key = keyOf(entry)
    owners.set(key, { entry, fields: union(found.changed, owners.get(key)?.fields ?? LEAF) })
    cap(owners)
  }
  return encode(owners)
}

/** Prefers the list that is already stored, so that an unchanged object is seen to be one. */
function keep(given: readonly ManagedFieldsEntry[], live: readonly ManagedFieldsEntry[]): readonly ManagedFieldsEntry[] {
  return given === live || JSON.stringify(given) === JSON.stringify(live) ? live : given
}

/**
 * What applying `config` to `live` makes of it. Fields that the same manager applied before, and that neither it nor anyone
 * else names now, go. With `allowed`, conflicts over those fields are no conflicts.
 */
export function apply(live: Json, config: Json, write: ManagedWrite, force: boolean, allowed: FieldSet = LEAF): Applied {
  const { message } = write
  const entry = entryOf(write, 'Apply')
  const key = keyOf(entry)
  const stored = entriesOf(live)
  const owners = readOwners(stored) ?? new Map<string, Owner>()
  if (owners.size === 0 && typeof metadataOf(live).uid === 'string') seedOwners(owners, live, write)
  const before = new Map(owners)
  const last = owners.get(key)?.fields ?? LEAF
  const fields = withoutReset(fieldsOf(message, config), write.reset)
  const merged = merge(message, live, config)
  owners.set(key, { entry, fields })
  const object = isEmpty(last) ? merged : prune(message, merged, last, owners)
  const found = differences(live, object, write)
  if (!force) {
    const conflicts = conflictsOf(owners, key, found.changed, allowed)
    if (conflicts.length > 0) return { type: 'conflicts', conflicts }
  }
  take(owners, found, key)
  if (isEmpty(fields)) owners.delete(key)
  // who only says what is there already did nothing that has a time
  else if (object === live) owners.set(key, { entry: withTime(entry, before.get(key)?.entry.time), fields })
  const same = isEmpty(found.changed) && isEmpty(found.removed) && sameOwners(before, owners) && stored.length > 0
  return { type: 'applied', object, managed: same ? stored : encode(owners) }
}

/** The owners of an object that an apply creates. */
export function afterFirstApply(config: Json, write: ManagedWrite): readonly ManagedFieldsEntry[] {
  const fields = withoutReset(fieldsOf(write.message, config), write.reset)
  const entry = entryOf(write, 'Apply')
  return isEmpty(fields) ? [] : encode(new Map([[keyOf(entry), { entry, fields }]]))
}

function seedOwners(owners: Owners, live: Json, write: ManagedWrite): void {
  const first = { ...write, manager: BEFORE_FIRST_APPLY }
  const { changed } = differences({}, live, first)
  const entry = entryOf(first, 'Update')
  if (!isEmpty(changed)) owners.set(keyOf(entry), { entry, fields: changed })
}

/** Every configuration names its object, though nobody is told to own that. Without it `metadata` could go with its last owned field. */
const NAMED: FieldSet = { 'f:metadata': { 'f:name': LEAF } }

function prune(message: Message, merged: Json, last: FieldSet, owners: Owners): Json {
  let owned = NAMED
  for (const { fields } of owners.values()) owned = union(owned, fields)
  const gone = difference(withNamedFields(message, last), withNamedFields(message, owned))
  return isEmpty(gone) ? merged : remove(message, merged, gone)
}

function conflictsOf(owners: Owners, self: string, changed: FieldSet, allowed: FieldSet): Conflict[] {
  const conflicts: Conflict[] = []
  if (isEmpty(changed)) return conflicts
  for (const [key, owner] of owners) {
    if (key === self) continue
    const fields = difference(intersection(owner.fields, changed), allowed)
    if (!isEmpty(fields)) conflicts.push({ manager: owner.entry, fields })
  }
  return conflicts.sort((a, b) => compareTexts(keyOf(a.manager), keyOf(b.manager)))
}

/** What the write changes among the fields that its path writes. */
function differences(old: Json, next: Json, { message, reset: { skips, only } }: ManagedWrite): Difference {
  const { changed, removed } = compare(message, old, next, skips)
  return only === undefined ? { changed, removed } : { changed: onlyBelow(changed, only), removed: onlyBelow(removed, only) }
}

function withTime(entry: ManagedFieldsEntry, time: string | undefined): ManagedFieldsEntry {
  const { time: _, ...timeless } = entry
  return time === undefined ? timeless : { ...entry, time }
}

/** Everyone but `self` loses what changed; what is gone is nobody's. */
function take(owners: Owners, { changed, removed }: Difference, self: string | undefined): void {
  if (isEmpty(changed) && isEmpty(removed)) return
  for (const [key, owner] of owners) {
    if (key === self) continue
    const fields = difference(difference(owner.fields, changed), removed)
    if (isEmpty(fields)) owners.delete(key)
    else if (!sameSet(fields, owner.fields)) owners.set(key, { ...owner, fields })
  }
}

/** The oldest updaters beyond the bound become one entry per version. */
function cap(owners: Owners): void {
  const updaters = [...owners].filter(([, { entry }]) => entry.operation === 'Update')
  let surplus = updaters.length - UPDATE_MANAGERS_MAX
  if (surplus <= 0) return
  updaters.sort(([a, x], [b, y]) => compareTexts(x.entry.time ?? '', y.entry.time ?? '') || compareTexts(a, b))
  const first = new Map<string, string>()
  for (const [key, { entry, fields }] of updaters) {
    if (surplus <= 0) return
    const version = entry.apiVersion ?? ''
    const oldest = first.get(version)
    if (oldest === undefined) {
      first.set(version, key)
      continue
    }
    const bucket: ManagedFieldsEntry = { ...entry, manager: ANCIENT }
    delete (bucket as { subresource?: string }).subresource
    const bucketKey = keyOf(bucket)
    const start = owners.get(bucketKey) ?? owners.get(oldest)
    if (oldest !== bucketKey) owners.delete(oldest)
    owners.delete(key)
    owners.set(bucketKey, { entry: bucket, fields: union(start?.fields ?? LEAF, fields) })
    surplus--
  }
}

function compareTexts(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1
}

function entryOf({ manager, apiVersion, time, subresource }: ManagedWrite, operation: 'Apply' | 'Update'): ManagedFieldsEntry {
  return {
    manager: manager === '' ? 'unknown' : manager,
    operation,
    apiVersion,
    time,
    fieldsType: 'FieldsV1',
    ...(subresource !== '' && { subresource }),
  }
}

/** What tells owners apart: an applier stays the same one in every version of the API. */
function keyOf({ manager, operation, apiVersion, subresource }: ManagedFieldsEntry): string {
  return JSON.stringify([manager ?? '', operation, operation === 'Apply' ? '' : (apiVersion ?? ''), subresource ?? ''])
}

/** Undefined when one of them cannot be read. */
function readOwners(entries: readonly ManagedFieldsEntry[]): Owners | undefined {
  const owners: Owners = new Map()
  for (const entry of entries) {
    const fields = entry.fieldsV1 === undefined ? LEAF : readFieldSetOnce(entry.fieldsV1)
    if (fields === undefined || (entry.operation !== 'Apply' && entry.operation !== 'Update')) return undefined
    if (!entry.apiVersion || entry.fieldsType !== 'FieldsV1') return undefined
    owners.set(keyOf(entry), { entry, fields })
  }
  return owners
}

const read = new WeakMap<object, FieldSet>()

/** Objects are immutable, so a set that was read once is good for as long as it is the same one. */
function readFieldSetOnce(value: object): FieldSet | undefined {
  let fields = read.get(value)
  if (fields === undefined) {
    fields = readFieldSet(value)
    if (fields !== undefined) read.set(value, fields)
  }
  return fields
}

function encode(owners: Owners): readonly ManagedFieldsEntry[] {
  return [...owners.values()]
    .map(({ entry, fields }): ManagedFieldsEntry => {
      const { subresource, fieldsV1, ...head } = entry
      if (fieldsV1 === fields) return entry
      return { ...head, fieldsV1: ordered(fields), ...(subresource !== undefined && { subresource }) }
    })
    .sort(
      (a, b) =>
        compareTexts(a.operation ?? '', b.operation ?? '') ||
        compareTexts(a.time ?? '', b.time ?? '') ||
        compareTexts(a.manager ?? '', b.manager ?? '') ||
        compareTexts(a.apiVersion ?? '', b.apiVersion ?? '') ||
        compareTexts(a.subresource ?? '', b.subresource ?? ''),
    )
}

/** Whether both hold the same fields; when they were last written does not count. */
function sameOwners(a: Owners, b: Owners): boolean {
  if (a.size !== b.size) return false
  for (const [key, { entry, fields }] of a) {
    const other = b.get(key)
    if (other === undefined || other.entry.apiVersion !== entry.apiVersion || !sameSet(fields, other.fields)) return false
  }
  return true
}

/** One empty entry, or a list that is there but empty, is how a client asks for a fresh start. */
function isReset(object: Json): boolean {
  const entries = metadataOf(object)['managedFields']
  if (!Array.isArray(entries)) return false
  return entries.length === 0 || (entries.length === 1 && Object.values(entries[0] as object).every((value) => value === undefined))
}

function entriesOf(object: Json | undefined): readonly ManagedFieldsEntry[] {
  const entries = object && metadataOf(object).managedFields
  return Array.isArray(entries) ? entries : []
}

function metadataOf(object: Json): Json {
  return (object['metadata'] ?? {}) as Json
}
