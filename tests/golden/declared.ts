/** Everything src/api declares, and the facts about upstream's API to hold it against (absent outside the workshop). */

import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Message } from '#schema/message.ts'
import type { Resource } from '#schema/resource.ts'

const ROOT = join(import.meta.dirname, '../..')
const REFERENCE = join(ROOT, '../shared/reference')

/** What to pass to `test` so that it is skipped with a reason where the facts are not at hand. */
export const withReference = existsSync(REFERENCE) ? {} : { skip: 'the reference facts are not beside this repository' }

export function reference(path: string): Buffer {
  return readFileSync(join(REFERENCE, path))
}

export function referenceFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: REFERENCE }).toSorted()
}

const modules: readonly Record<string, unknown>[] = await Promise.all(
  globSync('src/api/**/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] })
    .toSorted()
    .map(async (path) => (await import(join(ROOT, path))) as Record<string, unknown>),
)
const exported = modules.flatMap((m) => Object.values(m))

/** Every declared message by its protobuf name. */
export const messages: ReadonlyMap<string, Message> = new Map(
  exported.filter((e): e is { schema: Message } => typeof e === 'function' && 'schema' in e).map((e) => [e.schema.name, e.schema]),
)

export const resources: readonly Resource[] = exported.filter(
  (e): e is Resource => typeof e === 'object' && e !== null && 'plural' in e && 'type' in e,
)
