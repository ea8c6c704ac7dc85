/** A client over HTTP/1.1 that notices each broken connection: what it was not answered may have happened or not. */

import { request, type Agent, type RequestOptions } from 'node:https'

export interface Answer {
  readonly status: number
  readonly text: string
}

export interface CallOptions {
  readonly contentType?: string
  /** Gets each line of an answer that goes on, such as a watch. */
  readonly line?: (text: string) => void
  readonly signal?: AbortSignal
  readonly timeoutMs?: number
}

export type Caller = (method: string, path: string, body?: object, options?: CallOptions) => Promise<Answer>

const ANSWER_MS_MAX = 10_000

/** Without an agent each call opens a connection: through a load balancer each may end at another server. */
export function caller({
  agent = false,
  ...to
}: {
  readonly key: string
  readonly cert: string
  readonly ca: string
  readonly host: string
  readonly port: number
  readonly agent?: Agent | false
}): Caller {
  return (method, path, body, { contentType = 'application/json', line, signal, timeoutMs = ANSWER_MS_MAX } = {}) =>
    new Promise((resolve, reject) => {
      const bytes = body && Buffer.from(JSON.stringify(body))
      const options: RequestOptions = {
        ...to,
        method,
        path,
        agent,
        headers: { accept: 'application/json', ...(bytes && { 'content-type': contentType, 'content-length': bytes.length }) },
        ...(signal && { signal }),
        ...(line === undefined && { timeout: timeoutMs }),
      }
      const sent = request(options, (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          text += chunk
          if (line === undefined || response.statusCode !== 200) return
          const lines = text.split('\n')
          text = lines.pop()!
          try {
            for (const each of lines) line(each)
          } catch (error) {
            reject(error as Error)
            sent.destroy()
          }
        })
        response.on('error', reject)
        response.on('close', () => reject(new Error('the answer broke off')))
        response.on('end', () => resolve({ status: response.statusCode!, text }))
      })
      sent.on('error', reject)
      sent.on('timeout', () => sent.destroy(new Error(`no answer in ${timeoutMs} ms`)))
      sent.end(bytes)
    })
}
