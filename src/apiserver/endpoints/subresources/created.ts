/** The answer of subresources that do something and have nothing to show. */

import type { Answer } from '#apiserver/answer.ts'

export function created(): Answer {
  return { type: 'object', status: 201, object: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', code: 201 } }
}
