/** Named moments between two effects on the disk or on a caller: tests end the process there, production only passes by. */

export const FAILPOINTS = [
  'in schema',
  'before append',
  'after append',
  'before sync',
  'after sync',
  'before reply',
  'after reply',
  'before compaction',
  'after compaction',
  'in sweep',
  'after sweep',
  'before vacuum',
  'after vacuum',
  'before snapshot',
  'after snapshot',
  'before checkpoint',
  'after checkpoint',
] as const

export type Failpoint = (typeof FAILPOINTS)[number]

/** Called at each of them. */
export type Reach = (point: Failpoint) => void

export const passBy: Reach = () => {}
