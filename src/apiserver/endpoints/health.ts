/** /livez, /readyz and /healthz: named checks, one by one or all together. */

import type { Answer } from '#apiserver/answer.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

/** Answers why it is not well, or undefined. */
export interface HealthCheck {
  readonly name: string
  readonly check: () => Promise<string | undefined> | string | undefined
  /** Counts for readiness only, not for being alive. */
  readonly readyOnly?: boolean
}

const ENDPOINTS: readonly string[] = ['livez', 'readyz', 'healthz']

/** Undefined for other paths. `note` hears of every check that ran. */
export async function health(
  checks: readonly HealthCheck[],
  ctx: Pick<RequestContext, 'path' | 'query'>,
  note: (name: string, endpoint: string, well: boolean) => void = () => {},
): Promise<Answer | undefined> {
  const [, endpoint = '', ...rest] = ctx.path.split('/')
  if (!ENDPOINTS.includes(endpoint) || rest.length > 2) return undefined
  const mine = checks.filter((c) => endpoint === 'readyz' || !c.readyOnly)
  const name = rest.join('/')
  const run = async (check: HealthCheck) => {
    const problem = await problemOf(check)
    note(check.name, endpoint, problem === undefined)
    return problem
  }
  if (name !== '') {
    const one = mine.find((c) => c.name === name)
    if (one === undefined) return text(404, '404 page not found\n')
    const problem = await run(one)
    return problem === undefined ? text(200, 'ok') : text(500, `internal server error: ${problem}\n`)
  }
  const excluded = new Set(ctx.query.getAll('exclude'))
  const lines: string[] = []
  let failed = false
  for (const check of [PING, ...mine]) {
    if (excluded.delete(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`)
      continue
    }
    const problem = await run(check)
    lines.push(problem === undefined ? `[+]${check.name} ok` : `[-]${check.name} failed: reason withheld`)
    if (problem !== undefined) failed = true
  }
  if (excluded.size > 0)
    lines.push(`warn: some health checks cannot be excluded: no matches for ${[...excluded].map((e) => JSON.stringify(e)).join(',')}`)
  if (failed) return text(500, `${lines.join('\n')}\n${endpoint} check failed\n`)
  return text(200, ctx.query.has('verbose') ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok')
}

const PING: HealthCheck = { name: 'ping', check: () => undefined }

async function problemOf({ check }: HealthCheck): Promise<string | undefined> {
  try {
    return await check()
  } catch (error) {
    return (error as Error).message
  }
}

function text(status: number, body: string): Answer {
  return {
    type: 'bytes',
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-cache, private', 'x-content-type-options': 'nosniff' },
    body,
  }
}
