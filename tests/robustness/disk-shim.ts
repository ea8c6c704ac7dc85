/** Compiles `shim/disk.c`, which makes the disk of a process fail, and reads what it recorded. */

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const COMPILERS = ['cc', 'gcc', 'clang', 'tcc']
const source = join(import.meta.dirname, 'shim/disk.c')
const built = process.platform === 'linux' ? build() : undefined

/** Why tests with the shim cannot run here; false when they can. */
export const needsShim: string | false = built !== undefined ? false : 'needs Linux and a C compiler (apt-get install gcc libc6-dev)'

/** What the shim is told; see `shim/disk.c`. */
export interface ShimOptions {
  readonly root: string
  readonly log?: string
  readonly fault?: string
  readonly clockFile?: string
}

/** The environment of a process under the shim. */
export function shimEnvironment({ root, log, fault, clockFile }: ShimOptions): NodeJS.ProcessEnv {
  return {
    ...process.env,
    LD_PRELOAD: built!,
    K8TS_DISK_ROOT: root,
    ...(log !== undefined && { K8TS_DISK_LOG: log }),
    ...(fault !== undefined && { K8TS_DISK_FAULT: fault }),
    ...(clockFile !== undefined && { K8TS_CLOCK_FILE: clockFile }),
  }
}

/** In the order in which they happened; `said` is what the process wrote on standard output. */
export type DiskRecord =
  | { readonly type: 'open'; readonly file: number; readonly name: string; readonly made: boolean }
  | { readonly type: 'write'; readonly file: number; readonly offset: number; readonly bytes: Uint8Array }
  | { readonly type: 'truncate'; readonly file: number; readonly size: number }
  | { readonly type: 'sync-begins'; readonly file: number }
  | { readonly type: 'sync-ends'; readonly file: number; readonly failed: boolean }
  | { readonly type: 'rename'; readonly from: string; readonly to: string }
  | { readonly type: 'remove'; readonly name: string }
  | { readonly type: 'said'; readonly text: string }

const HEADER_BYTES = 24

export function readDiskLog(path: string): readonly DiskRecord[] {
  const log = readFileSync(path)
  const records: DiskRecord[] = []
  for (let at = 0; at + HEADER_BYTES <= log.length;) {
    const file = log.readUInt32LE(at + 4)
    const offset = Number(log.readBigUInt64LE(at + 8))
    const length = log.readUInt32LE(at + 16)
    const result = log.readInt32LE(at + 20)
    const bytes = log.subarray(at + HEADER_BYTES, at + HEADER_BYTES + length)
    records.push(recordOf(String.fromCharCode(log[at]!), file, offset, bytes, result))
    at += HEADER_BYTES + length
  }
  return records
}

function recordOf(op: string, file: number, offset: number, bytes: Buffer, result: number): DiskRecord {
  switch (op) {
    case 'O':
      return { type: 'open', file, name: bytes.toString(), made: offset === 1 }
    case 'W':
      return { type: 'write', file, offset, bytes }
    case 'T':
      return { type: 'truncate', file, size: offset }
    case 'B':
      return { type: 'sync-begins', file }
    case 'E':
      return { type: 'sync-ends', file, failed: result !== 0 }
    case 'R': {
      const [from, to] = bytes.toString().split('\n') as [string, string]
      return { type: 'rename', from, to }
    }
    case 'U':
      return { type: 'remove', name: bytes.toString() }
    case 'A':
      return { type: 'said', text: bytes.toString() }
    default:
      throw new Error(`the disk log holds ${op}, of which no image can be made`)
  }
}

function build(): string | undefined {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-shim-'))
  process.on('exit', () => rmSync(directory, { recursive: true, force: true }))
  const library = join(directory, 'disk.so')
  for (const compiler of COMPILERS) {
    const { error, status, stderr } = spawnSync(compiler, ['-O1', '-shared', '-fPIC', '-o', library, source, '-ldl'], { encoding: 'utf8' })
    if (error !== undefined) continue
    if (status === 0 && existsSync(library)) return library
    if (!/No such file|cannot find/.test(stderr)) throw new Error(`the shim does not compile: ${stderr}`)
  }
  return undefined
}
