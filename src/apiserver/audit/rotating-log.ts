/** The audit log as a file of JSON lines: written before the answer goes out, turned over when it has grown, its past kept for a while. */

import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { AuditEvent, AuditSink } from './event.ts'
import type { Clock } from '#base/clock.ts'

const MEBIBYTE = 1024 * 1024
const DAY_MS = 24 * 3600 * 1000
const SIZE_MAX_MEBIBYTES = 100 // where nothing is said, as upstream

export interface RotatingLogOptions {
  /** `-` is standard output. */
  readonly path: string
  readonly clock: Clock
  /** The file is turned over before it exceeds this; 0: 100. */
  readonly sizeMaxMebibytes: number
  /** Older past is deleted; 0: none. */
  readonly ageMaxDays: number
  /** How many past files are kept; 0: all. */
  readonly backupsMax: number
  readonly compress: boolean
  readonly format: 'json' | 'legacy'
}

/** Throws when the file cannot be opened. */
export function openRotatingLog(options: RotatingLogOptions): AuditSink & Disposable {
  const line = options.format === 'legacy' ? legacyLine : (event: AuditEvent) => JSON.stringify(event)
  const text = (events: readonly AuditEvent[]) => Buffer.from(events.map((event) => `${line(event)}\n`).join(''))
  if (options.path === '-') return { write: (events) => void writeAll(1, text(events)), [Symbol.dispose]() {} }
  const { path, clock } = options
  const sizeMax = (options.sizeMaxMebibytes || SIZE_MAX_MEBIBYTES) * MEBIBYTE
  mkdirSync(dirname(path), { recursive: true })
  let file = openSync(path, 'a', 0o600)
  let size = fstatSync(file).size

  function turnOver(): void {
    closeSync(file)
    const past = pastName(path, clock.now())
    renameSync(path, past)
    file = openSync(path, 'a', 0o600)
    size = 0
    if (options.compress) {
      writeFileSync(`${past}.gz`, gzipSync(readFileSync(past)), { mode: 0o600 })
      rmSync(past)
    }
    removePast(options)
  }

  return {
    write(events) {
      const bytes = text(events)
      if (size > 0 && size + bytes.length > sizeMax) turnOver()
      writeAll(file, bytes)
      size += bytes.length
    },
    [Symbol.dispose]: () => closeSync(file),
  }
}

function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at)
}

/** `audit.log` becomes `audit-2026-01-02T03-04-05.678.log`. */
function pastName(path: string, now: number): string {
  const end = extname(path)
  const time = new Date(now).toISOString().slice(0, -1).replaceAll(':', '-')
  return join(dirname(path), `${basename(path, end)}-${time}${end}`)
}

function removePast({ path, clock, ageMaxDays, backupsMax }: RotatingLogOptions): void {
  const end = extname(path)
  const start = `${basename(path, end)}-`
  const past = readdirSync(dirname(path))
    .filter((name) => name.startsWith(start) && (name.endsWith(end) || name.endsWith(`${end}.gz`)) && /-\d{4}-\d\d-\d\dT/.test(name))
    .toSorted()
    .toReversed()
  for (const [index, name] of past.entries()) {
    const whole = join(dirname(path), name)
    const tooMany = backupsMax > 0 && index >= backupsMax
    const tooOld = ageMaxDays > 0 && clock.now() - statSync(whole).mtimeMs > ageMaxDays * DAY_MS
    if (tooMany || tooOld) rmSync(whole)
  }
}

/** One line of words, as logs were before they were JSON. */
function legacyLine(event: AuditEvent): string {
  const { user, impersonatedUser, objectRef, responseStatus } = event
  const quoted = (text: string | undefined) => (text === undefined || text === '' ? '<none>' : JSON.stringify(text))
  const groups = (of: typeof impersonatedUser) =>
    of?.groups === undefined ? '<none>' : of.groups.map((group) => JSON.stringify(group)).join(',')
  const self = impersonatedUser === undefined
  return [
    `${event.stageTimestamp} AUDIT: id=${quoted(event.auditID)}`,
    `stage=${quoted(event.stage)}`,
    `ip=${quoted(event.sourceIPs?.join(', '))}`,
    `method=${quoted(event.verb)}`,
    `user=${quoted(user.username)}`,
    `groups=${groups(user)}`,
    `as=${self ? '"<self>"' : quoted(impersonatedUser.username)}`,
    `asgroups=${self ? '"<lookup>"' : groups(impersonatedUser)}`,
    `user-agent=${quoted(event.userAgent)}`,
    `namespace=${quoted(objectRef?.namespace)}`,
    `uri=${quoted(event.requestURI)}`,
    `response="${(responseStatus as { code?: number } | undefined)?.code ?? '<deferred>'}"`,
  ].join(' ')
}
