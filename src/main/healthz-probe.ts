/** Asks a component that runs on this machine, in a process of its own, how it is. */

import { request } from 'node:https'
import type { ComponentProbe } from '#apiserver/endpoints/component-statuses.ts'

const PROBE_IDLE_MS = 20_000 // upstream's patience with a component

/** Asks `/healthz` at a port of this machine. Components sign their certificates themselves, and nothing secret is said. */
export function healthzProbe(port: number): ComponentProbe {
  const url = `https://127.0.0.1:${port}/healthz`
  return () =>
    new Promise((resolve, reject) => {
      const asked = request(url, { rejectUnauthorized: false, timeout: PROBE_IDLE_MS }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => void parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8')
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(text))
        })
      })
      asked.on('timeout', () => asked.destroy(new Error('context deadline exceeded')))
      asked.on('error', (error: NodeJS.ErrnoException) =>
        reject(
          new Error(
            `Get "${url}": ${error.code === 'ECONNREFUSED' ? `dial tcp 127.0.0.1:${port}: connect: connection refused` : error.message}`,
          ),
        ),
      )
      asked.end()
    })
}
