/** Passes a request on to the API server behind a service, as the caller, and its answer back. */

import { identityHeaders, RemoteUnreachable, type RemoteRequest, type RemoteServer, type RemoteServers } from './remote-servers.ts'
import type { Answer } from '#apiserver/answer.ts'
import { bodyOf, forwarded, relay, responseAnswer, wantsUpgrade, type Dialed } from '#apiserver/proxy/backend.ts'
import type { RequestContext } from '#apiserver/request-context.ts'

const REDIRECTED = 'the backend attempted to redirect this request, which is not permitted'

export async function proxyToServer(server: RemoteServer, servers: RemoteServers, ctx: RequestContext): Promise<Answer> {
  const upgrade = wantsUpgrade(ctx.headers)
  const query = ctx.query.toString()
  const body = upgrade ? undefined : await bodyOf(ctx)
  let answer: Dialed
  try {
    answer = await servers.send(
      server,
      {
        method: ctx.method,
        path: query === '' ? ctx.path : `${ctx.path}?${query}`,
        headers: {
          ...ownHeaders(ctx),
          ...(upgrade && { connection: 'Upgrade', upgrade: ctx.headers['upgrade'] ?? '' }),
          ...identityHeaders(ctx.user),
        },
        ...(body && { body }),
        upgrade,
      },
      ctx.signal,
    )
  } catch (error) {
    if (!(error instanceof RemoteUnreachable)) throw error
    // where the service leads is not the caller's business, why a server does not answer is
    return plain(503, error.address === undefined ? 'service unavailable\n' : `error trying to reach service: ${error.message}\n`)
  }
  if (answer.type === 'upgraded') return { type: 'upgrade', connect: relay(answer, ctx.signal) }
  const { message } = answer
  const status = message.statusCode ?? 502
  if (status >= 300 && status <= 399 && message.headers.location) {
    message.destroy()
    return plain(502, REDIRECTED)
  }
  return responseAnswer(message)
}

/** An answer of upstream's router rather than of the API. */
export function plain(status: number, body: string): Answer {
  return {
    type: 'bytes',
    status,
    headers: { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' },
    body,
  }
}

/** What the caller sent, but for what only a front proxy may say. */
function ownHeaders({ headers, peer }: RequestContext): RemoteRequest['headers'] {
  const kept = Object.fromEntries(
    Object.entries(forwarded(headers))
      .filter(([name]) => !name.startsWith('x-remote-') && name !== 'authorization')
      // a header that came several times is kept with a line for each
      .map(([name, value]) => [name, value.includes('\n') ? value.split('\n') : value]),
  )
  if (peer.type !== 'network') return kept
  const before = kept['x-forwarded-for']
  return { ...kept, 'x-forwarded-for': [before ?? [], peer.address].flat().join(', ') }
}
