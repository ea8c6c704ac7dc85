/**
 * Writes a bbolt database, which is what etcd keeps its data in: buckets of keys in order, each a B+ tree that is written once, from
 * its leaves up. Pages 0 and 1 say where the root is; nothing is free.
 */

import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'

/** In order of their bytes. */
export type Pair = readonly [key: Uint8Array, value: Uint8Array]

export interface Bucket {
  readonly name: string
  readonly pairs: Iterable<Pair>
}

const PAGE_BYTES = 4096
const HEADER_BYTES = 16
const ELEMENT_BYTES = 16
const [BRANCH, LEAF, META, FREE_LIST] = [0x01, 0x02, 0x04, 0x10]
const BUCKET_FLAG = 1
const MAGIC = 0xed0cdaed
const VERSION = 2
const META_SUMMED_BYTES = 56

export function writeBoltFile(path: string, buckets: readonly Bucket[]): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    const pages = new Pages(file)
    const roots = buckets
      .toSorted((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)))
      .map(({ name, pairs }): Element => {
        const value = Buffer.alloc(16) // root page, then a sequence nobody uses
        value.writeBigUInt64LE(BigInt(writeTree(pages, leaves(pairs))), 0)
        return { flags: BUCKET_FLAG, key: Buffer.from(name), value }
      })
    const root = writeTree(pages, roots)
    const freeList = pages.write(FREE_LIST, 0, [])
    for (const id of [0, 1]) pages.writeMeta(id, { root, freeList })
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
}

interface Element {
  readonly flags: number
  readonly key: Uint8Array
  readonly value: Uint8Array
}

interface Child {
  readonly key: Uint8Array
  readonly page: number
}

function* leaves(pairs: Iterable<Pair>): Generator<Element> {
  for (const [key, value] of pairs) yield { flags: 0, key, value }
}

/** Answers the page of the root, which is a leaf when all fits into one. */
function writeTree(pages: Pages, elements: Iterable<Element>): number {
  let children: Child[] = []
  for (const page of inPages(elements, (e) => e.key.length + e.value.length))
    children.push({ key: page[0]?.key ?? new Uint8Array(0), page: pages.write(LEAF, page.length, leafParts(page)) })
  while (children.length > 1) {
    const above: Child[] = []
    for (const page of inPages(children, (c) => c.key.length))
      above.push({ key: page[0]!.key, page: pages.write(BRANCH, page.length, branchParts(page)) })
    children = above
  }
  return children[0]!.page
}

/** As many as fit into a page; one that is too large has pages of its own. At least one page, if an empty one; a branch has two children. */
function* inPages<T>(items: Iterable<T>, bytesOf: (item: T) => number): Generator<T[]> {
  let page: T[] = []
  let bytes = HEADER_BYTES
  for (const item of items) {
    const more = ELEMENT_BYTES + bytesOf(item)
    if (page.length > 0 && bytes + more > PAGE_BYTES) {
      yield page
      page = []
      bytes = HEADER_BYTES
    }
    page.push(item)
    bytes += more
  }
  yield page
}

/** Elements say how far from themselves their bytes lie. */
function leafParts(elements: readonly Element[]): Uint8Array[] {
  const table = Buffer.alloc(elements.length * ELEMENT_BYTES)
  let data = table.length
  elements.forEach(({ flags, key, value }, i) => {
    const at = i * ELEMENT_BYTES
    table.writeUInt32LE(flags, at)
    table.writeUInt32LE(data - at, at + 4)
    table.writeUInt32LE(key.length, at + 8)
    table.writeUInt32LE(value.length, at + 12)
    data += key.length + value.length
  })
  return [table, ...elements.flatMap((e) => [e.key, e.value])]
}

function branchParts(children: readonly Child[]): Uint8Array[] {
  const table = Buffer.alloc(children.length * ELEMENT_BYTES)
  let data = table.length
  children.forEach(({ key, page }, i) => {
    const at = i * ELEMENT_BYTES
    table.writeUInt32LE(data - at, at)
    table.writeUInt32LE(key.length, at + 4)
    table.writeBigUInt64LE(BigInt(page), at + 8)
    data += key.length
  })
  return [table, ...children.map((c) => c.key)]
}

class Pages {
  readonly #file: number
  #next = 2

  constructor(file: number) {
    this.#file = file
  }

  /** Answers the page's number; what is larger than a page overflows into those after it. */
  write(flags: number, count: number, parts: readonly Uint8Array[]): number {
    const id = this.#next
    const bytes = parts.reduce((sum, p) => sum + p.length, HEADER_BYTES)
    const pages = Math.ceil(bytes / PAGE_BYTES)
    const page = Buffer.alloc(pages * PAGE_BYTES)
    header(page, { id, flags, count, overflow: pages - 1 })
    let at = HEADER_BYTES
    for (const part of parts) {
      page.set(part, at)
      at += part.length
    }
    this.#put(page, id)
    this.#next += pages
    return id
  }

  /** The one with the higher transaction number counts. */
  writeMeta(id: number, { root, freeList }: { readonly root: number; readonly freeList: number }): void {
    const page = Buffer.alloc(PAGE_BYTES)
    header(page, { id, flags: META, count: 0, overflow: 0 })
    const meta = page.subarray(HEADER_BYTES)
    meta.writeUInt32LE(MAGIC, 0)
    meta.writeUInt32LE(VERSION, 4)
    meta.writeUInt32LE(PAGE_BYTES, 8)
    meta.writeBigUInt64LE(BigInt(root), 16)
    meta.writeBigUInt64LE(BigInt(freeList), 32)
    meta.writeBigUInt64LE(BigInt(this.#next), 40)
    meta.writeBigUInt64LE(BigInt(id), 48)
    meta.writeBigUInt64LE(fnv1a(meta.subarray(0, META_SUMMED_BYTES)), META_SUMMED_BYTES)
    this.#put(page, id)
  }

  #put(bytes: Buffer, page: number): void {
    for (let written = 0; written < bytes.length;)
      written += writeSync(this.#file, bytes, written, bytes.length - written, page * PAGE_BYTES + written)
  }
}

function header(
  page: Buffer,
  { id, flags, count, overflow }: { readonly id: number; readonly flags: number; readonly count: number; readonly overflow: number },
): void {
  page.writeBigUInt64LE(BigInt(id), 0)
  page.writeUInt16LE(flags, 8)
  page.writeUInt16LE(count, 10)
  page.writeUInt32LE(overflow, 12)
}

/** 64 bits. */
function fnv1a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}
