/** What a kubelet answers to a request for logs, its refusals put into Statuses as callers know them. */

import type { IncomingMessage } from 'node:http'
import { badRequest, internalError, refusal } from '#apiserver/endpoints/errors.ts'
import type { StatusError } from '#client/client.ts'

const REFUSAL_BYTES_MAX = 2048 // enough for a sentence; the rest of a page is not read

/** Undefined when the kubelet did not refuse. */
export async function logRefusal(message: IncomingMessage, pod: string): Promise<StatusError | undefined> {
  const status = message.statusCode ?? 502
  if (status >= 200 && status <= 206) return undefined
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of message as AsyncIterable<Uint8Array>) {
    chunks.push(chunk)
    if ((length += chunk.length) >= REFUSAL_BYTES_MAX) break
  }
  message.destroy()
  const text = Buffer.concat(chunks).subarray(0, REFUSAL_BYTES_MAX).toString()
  if (status === 400) return badRequest(text)
  if (status === 500) return internalError(new Error(text))
  if (status === 404)
    return refusal({
      code: 404,
      reason: 'NotFound',
      message: `the server could not find the requested resource ( pods/log ${pod})`,
      details: { name: pod, kind: 'pods/log' },
    })
  return refusal({
    code: status,
    reason: status === 401 ? 'Unauthorized' : status === 403 ? 'Forbidden' : '',
    message: `the server responded with the status code ${status} but did not return more information ( pods/log ${pod}): ${text}`,
    details: { name: pod, kind: 'pods/log' },
  })
}
