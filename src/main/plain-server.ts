/** Tiny plain HTTP servers for health and metrics, and what is said when a port is taken. */

import { createServer } from 'node:http'
import { OperatorError } from '#cli/command.ts'
import type { HttpAnswer } from '#proxy/serving.ts'

/** Serves GETs on `port`; throws `OperatorError` when it cannot listen there. */
export async function serveAnswers(port: number, host: string, answer: (path: string) => HttpAnswer): Promise<AsyncDisposable> {
  const server = createServer((request, response) => {
    const { status, headers, body } = answer((request.url ?? '/').split('?')[0]!)
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, resolve)
  }).catch(explainListen)
  return {
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

export function explainListen(error: NodeJS.ErrnoException & { readonly port?: number }): never {
  if (error.code === 'EADDRINUSE')
    throw new OperatorError(`port ${error.port} is taken by another program, perhaps another node agent: end that program`, {
      cause: error,
    })
  throw error
}
