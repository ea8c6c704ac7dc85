/** A key management service over gRPC on a socket of this machine. */

import { Client, credentials } from '@grpc/grpc-js'
import type { KmsConnection } from './kms.ts'
import type { Clock } from '#base/clock.ts'

/** Connects when it is first called. */
export function connectKms(socket: string, clock: Clock): KmsConnection {
  const client = new Client(`unix:${socket}`, credentials.createInsecure(), {
    'grpc.default_authority': 'localhost',
    'grpc.enable_http_proxy': 0,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': 2_000,
  })
  const same = (bytes: Uint8Array) => Buffer.from(bytes)
  return {
    call: (method, request, timeoutMs) =>
      new Promise((resolve, reject) => {
        const options = { deadline: new Date(clock.now() + timeoutMs) }
        client.makeUnaryRequest(`/v2.KeyManagementService/${method}`, same, same, request, options, (error, answer) => {
          if (error) reject(error)
          else resolve(answer!)
        })
      }),
    async [Symbol.asyncDispose]() {
      client.close()
    },
  }
}
