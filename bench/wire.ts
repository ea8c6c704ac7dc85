/** Calls to a server under measurement, and the CPU it has used. */

import { readFileSync } from 'node:fs'
import { connect, type ClientHttp2Session } from 'node:http2'
import { credentials, type ServerUnderTest } from '../tests/integration/server-under-test.ts'

// as the Go client has them
const STREAM_WINDOW_BYTES = 4 << 20
const CONNECTION_WINDOW_BYTES = 1 << 30

export function open(server: ServerUnderTest, initialWindowSize = STREAM_WINDOW_BYTES): ClientHttp2Session {
  const settings = { initialWindowSize }
  const session = connect(`https://127.0.0.1:${server.port}`, { ...credentials(server.kubeconfig), settings })
  session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES))
  session.on('error', () => {})
  return session
}

/** Throws unless the answer is a success. */
export function call(
  session: ClientHttp2Session,
  method: string,
  path: string,
  body?: string,
  contentType = 'application/json',
): Promise<Buffer> {
  return new Promise((done, fail) => {
    const stream = session.request({ ':method': method, ':path': path, ...(body && { 'content-type': contentType }) })
    const chunks: Buffer[] = []
    let status = 0
    stream.on('response', (headers) => (status = Number(headers[':status'])))
    stream.on('data', (chunk: Buffer) => chunks.push(chunk))
    stream.on('end', () =>
      status < 300 ? done(Buffer.concat(chunks)) : fail(new Error(`${method} ${path}: ${status} ${Buffer.concat(chunks).toString()}`)),
    )
    stream.on('error', fail)
    stream.end(body)
  })
}

const TICK_MS = 10 // the kernel counts CPU in hundredths of a second

/** Milliseconds of CPU, in user and kernel mode, since the process began. */
export function cpuMs({ process }: ServerUnderTest): number {
  const fields = readFileSync(`/proc/${process.pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}
