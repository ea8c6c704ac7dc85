/** What a disk may hold after the power went at some moment: made of a recording of all that was asked of it. */

import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Random } from '#base/random.ts'
import type { DiskRecord } from './disk-shim.ts'

/**
 * `nothing`: only what was synced; `everything`: all that was written, as after a kill; `torn`: all up to some write, which is cut
 * within itself; `pages`, `sectors`: of each 4 KB or 512 bytes an older or a newer state, each by itself, as caches empty in any order.
 */
export const CUTS = ['nothing', 'everything', 'torn', 'pages', 'sectors'] as const
export type Cut = (typeof CUTS)[number]

const SECTOR_BYTES = 512
const PAGE_BYTES = 4096

type Change = Extract<DiskRecord, { type: 'write' | 'truncate' }>

interface File {
  /** What is on the disk for sure. */
  readonly durable: Content
  /** What has been asked since. */
  pending: Change[]
  /** How many of them the syncs under way cover. */
  syncing: number[]
}

type Naming = { readonly type: 'name'; readonly name: string; readonly file: number } | Extract<DiskRecord, { type: 'rename' | 'remove' }>

export class PowerCuts {
  readonly #files = new Map<number, File>()
  readonly #fileOf = new Map<string, number>()
  /** Names that are on the disk for sure, and what has been asked of names since. */
  readonly #names = new Map<string, number>()
  #namings: Naming[] = []
  #namingsSyncing: number[] = []
  #folder = -1
  #unrecorded = -1

  /** `directory`: as it was, and had been for long, when the recording began. */
  constructor(directory: string) {
    for (const name of readdirSync(directory)) {
      const file = --this.#unrecorded
      this.#files.set(file, { durable: new Content(readFileSync(join(directory, name))), pending: [], syncing: [] })
      this.#names.set(name, file)
      this.#fileOf.set(name, file)
    }
  }

  take(record: DiskRecord): void {
    switch (record.type) {
      case 'open':
        return this.#open(record)
      case 'write':
      case 'truncate':
        return void this.#files.get(record.file)!.pending.push(record)
      case 'sync-begins':
        if (record.file === this.#folder) this.#namingsSyncing.push(this.#namings.length)
        else this.#files.get(record.file)!.syncing.push(this.#files.get(record.file)!.pending.length)
        return
      case 'sync-ends':
        if (record.file === this.#folder) this.#namesSynced(record.failed)
        else synced(this.#files.get(record.file)!, record.failed)
        return
      case 'rename':
        this.#fileOf.set(record.to, this.#fileOf.get(record.from)!)
        this.#fileOf.delete(record.from)
        return void this.#namings.push(record)
      case 'remove':
        this.#fileOf.delete(record.name)
        return void this.#namings.push(record)
      case 'said':
    }
  }

  /** Writes into `directory`, which must be empty, what may be there if the power goes now. */
  image(directory: string, cut: Cut, random: Random): void {
    mkdirSync(directory, { recursive: true })
    const names = new Map(this.#names)
    const kept =
      cut === 'everything' ? this.#namings.length : cut === 'nothing' ? 0 : Math.floor(random.next() * (this.#namings.length + 1))
    for (const naming of this.#namings.slice(0, kept)) applyNaming(names, naming)
    for (const [name, file] of names) writeFileSync(join(directory, name), contentOf(this.#files.get(file)!, cut, random))
  }

  #open({ file, name, made }: Extract<DiskRecord, { type: 'open' }>): void {
    if (name === '') {
      this.#folder = file
      return
    }
    if (this.#files.has(file)) return
    const known = this.#fileOf.get(name)
    if (made || known === undefined) {
      this.#files.set(file, { durable: new Content(Buffer.alloc(0)), pending: [], syncing: [] })
      this.#fileOf.set(name, file)
      this.#namings.push({ type: 'name', name, file })
      return
    }
    // was there before the recording: from now on it goes by the number it has there
    this.#files.set(file, this.#files.get(known)!)
    this.#files.delete(known)
    this.#fileOf.set(name, file)
    this.#names.set(name, file)
  }

  #namesSynced(failed: boolean): void {
    const count = this.#namingsSyncing.shift()!
    if (!failed) for (const naming of this.#namings.slice(0, count)) applyNaming(this.#names, naming)
    this.#namings = this.#namings.slice(count)
    this.#namingsSyncing = this.#namingsSyncing.map((n) => n - count)
  }
}

/** Of a failed sync nothing is on the disk, and nothing will be: the cache takes the pages for written. */
function synced(file: File, failed: boolean): void {
  const count = file.syncing.shift()!
  if (!failed) for (const change of file.pending.slice(0, count)) file.durable.apply(change)
  file.pending = file.pending.slice(count)
  file.syncing = file.syncing.map((n) => Math.max(0, n - count))
}

function applyNaming(names: Map<string, number>, naming: Naming): void {
  if (naming.type === 'name') names.set(naming.name, naming.file)
  else if (naming.type === 'remove') names.delete(naming.name)
  else {
    names.set(naming.to, names.get(naming.from)!)
    names.delete(naming.from)
  }
}

/** A file's bytes; they grow with room to spare. */
class Content {
  #bytes: Buffer
  #size: number

  constructor(bytes: Buffer) {
    this.#bytes = bytes
    this.#size = bytes.length
  }

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#size)
  }

  apply(change: Change): void {
    if (change.type === 'truncate') return this.#resize(change.size)
    const end = change.offset + change.bytes.length
    if (end > this.#size) this.#resize(end)
    this.#bytes.set(change.bytes, change.offset)
  }

  #resize(size: number): void {
    if (size > this.#bytes.length) this.#bytes = Buffer.concat([this.bytes(), Buffer.alloc(size * 2 - this.#size)])
    else if (size > this.#size) this.#bytes.fill(0, this.#size, size)
    this.#size = size
  }
}

function contentOf({ durable, pending }: File, cut: Cut, random: Random): Buffer {
  if (cut === 'nothing' || pending.length === 0) return durable.bytes()
  if (cut === 'pages') return shuffled(durable.bytes(), pending, PAGE_BYTES, random)
  if (cut === 'sectors') return shuffled(durable.bytes(), pending, SECTOR_BYTES, random)
  const content = new Content(Buffer.from(durable.bytes()))
  if (cut === 'everything') for (const change of pending) content.apply(change)
  else {
    const whole = Math.floor(random.next() * (pending.length + 1))
    for (const change of pending.slice(0, whole)) content.apply(change)
    const next = pending[whole]
    if (next?.type === 'write') {
      const length = Math.floor((random.next() * next.bytes.length) / SECTOR_BYTES) * SECTOR_BYTES
      if (length > 0) content.apply({ ...next, bytes: next.bytes.subarray(0, length) })
    }
  }
  return content.bytes()
}

/** Each unit has seen some of the writes to it, in their order; the file's size is as of some moment, and what had been cut off by then is. */
function shuffled(durable: Buffer, pending: readonly Change[], unit: number, random: Random): Buffer {
  const sized = Math.floor(random.next() * (pending.length + 1))
  let size = durable.length
  let longest = durable.length
  for (const [i, change] of pending.entries()) {
    const end = change.type === 'truncate' ? change.size : Math.max(size, change.offset + change.bytes.length)
    if (i < sized) size = end
    longest = Math.max(longest, end)
  }
  const content = Buffer.concat([durable, Buffer.alloc(longest - durable.length)])
  const limits = new Map<number, number>()
  const limitOf = (index: number) => {
    let limit = limits.get(index)
    if (limit === undefined) limits.set(index, (limit = Math.floor(random.next() * (pending.length + 1))))
    return limit
  }
  for (const [i, change] of pending.entries()) {
    if (change.type === 'truncate') {
      if (i < sized) content.fill(0, change.size)
      continue
    }
    for (let from = change.offset; from < change.offset + change.bytes.length;) {
      const index = Math.floor(from / unit)
      const to = Math.min((index + 1) * unit, change.offset + change.bytes.length)
      if (i < limitOf(index)) content.set(change.bytes.subarray(from - change.offset, to - change.offset), from)
      from = to
    }
  }
  return content.subarray(0, size)
}
