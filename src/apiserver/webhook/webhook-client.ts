/** Calls JSON webhooks over TLS: one way for admission, conversion, authentication, authorization and audit alike. */

import type { X509Certificate } from 'node:crypto'
import { request as httpsRequest, type Agent, type RequestOptions } from 'node:https'
import { isIP } from 'node:net'
import type { IncomingMessage } from 'node:http'
import type { TLSSocket } from 'node:tls'
import { openAlikeCertificates, type AlikeCertificates } from './alike-certificates.ts'
import { connectionErrorText } from './connection-error.ts'
import { checkingAgent } from './server-identity.ts'
import { openTrust } from './trust.ts'
import { errorResponse } from './webhook-answer.ts'
import { wholeBody } from './whole-body.ts'
import type { Clock } from '#base/clock.ts'
import type { StatusError } from '#client/client.ts'
import type { Connection } from '#client/kubeconfig.ts'
import { formatDuration } from '#schema/duration.ts'
import { parseJson } from '#schema/json.ts'

/** A Service of the cluster, as webhooks' client configurations name it; port 443 and path / where they do not say. */
export interface ServiceTarget {
  readonly namespace: string
  readonly name: string
  readonly port?: number
  readonly path?: string
}

/** Where a webhook is, how it is known, and who is calling. Exactly one of `url` and `service`. */
export interface Webhook {
  readonly url?: string
  readonly service?: ServiceTarget
  /** PEM; absent or empty: the system's own authorities. */
  readonly ca?: string
  /** Name the certificate must carry instead of the host's; for services it is always `name.namespace.svc`. */
  readonly serverName?: string
  readonly insecure?: boolean
  readonly cert?: string
  readonly key?: string
  readonly token?: string
  readonly username?: string
  readonly password?: string
}

export interface WebhookCall {
  /** In whole, from the dial to the last byte; it is told to the webhook as `?timeout=`. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

export type WebhookFailure = 'unreachable' | 'certificate' | 'timeout' | 'status' | 'malformed' | 'too large'

/** The call failed; the message is what upstream says of it, address and all. */
export class WebhookError extends Error {
  override readonly name = 'WebhookError'
  readonly failure: WebhookFailure
  /** What the webhook answered instead of a success; set for `status`. */
  readonly refusal: StatusError | undefined

  constructor(failure: WebhookFailure, message: string, options: { readonly cause?: unknown; readonly refusal?: StatusError } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.failure = failure
    this.refusal = options.refusal
  }
}

export interface WebhookClient extends AsyncDisposable {
  /** POSTs `body` as JSON and answers with the decoded JSON of a 2xx. Redirects are failures. Throws `WebhookError`. */
  call(webhook: Webhook, body: unknown, call: WebhookCall): Promise<unknown>
}

export interface WebhookClientParts {
  readonly clock: Clock
  /** An address to dial for a service; throws `StatusError` when there is none. */
  readonly resolve: (service: Required<Pick<ServiceTarget, 'namespace' | 'name' | 'port'>>) => ServiceAddress | Promise<ServiceAddress>
  /** An answer longer than this is a failure. */
  readonly bodyBytesMax?: number
}

export interface ServiceAddress {
  readonly host: string
  readonly port: number
}

const BODY_BYTES_MAX = 16 * 1024 * 1024 // several times the largest object there can be, as a list to convert has many
const SERVICE_PORT = 443

/** HTTP/1.1 as upstream, whose webhooks behind services would not share load over HTTP/2. Connections are kept for the next call. */
export function openWebhookClient(parts: WebhookClientParts): WebhookClient {
  const agent = checkingAgent()
  const trust = openTrust()
  const alike = openAlikeCertificates(parts.clock)
  return {
    async call(webhook, body, call) {
      const place = placeOf(webhook, call.timeoutMs)
      const text = Buffer.from(JSON.stringify(body))
      const started = parts.clock.monotonic()
      let left = call.timeoutMs
      let isKnownByNow = false
      for (let again = false; ; again = true) {
        try {
          return await post(parts, agent, trust, alike, webhook, place, text, { ...call, timeoutMs: left })
        } catch (error) {
          if (error instanceof KnownByNow) {
            if (isKnownByNow) throw error.cause
            isKnownByNow = true
            left = Math.max(0, call.timeoutMs - (parts.clock.monotonic() - started))
            again = false
            continue
          }
          // The other end closed a kept connection just as it was used: nothing was read from it, so a new one may ask again.
          if (!(error instanceof StaleConnection)) throw error
          if (again) throw new WebhookError('unreachable', `Post "${place.url}": EOF`, { cause: error.cause })
        }
      }
    },
    async [Symbol.asyncDispose]() {
      agent.destroy()
    },
  }
}

/** A webhook as configurations in the API write it: `caBundle` is base64. */
export function webhookOf(config: { readonly url?: string; readonly service?: ServiceTarget; readonly caBundle?: string }): Webhook {
  const { url, service, caBundle } = config
  return {
    ...(url !== undefined && { url }),
    ...(service && { service }),
    ...(caBundle && { ca: Buffer.from(caBundle, 'base64').toString() }),
  }
}

/** A webhook as kubeconfig files write it: the cluster is the webhook, the user is who calls. */
export function webhookOfKubeconfig({ server, ...rest }: Connection): Webhook {
  return { url: server, ...rest }
}

interface Place {
  /** As error messages show it. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly path: string
  readonly serverName: string
  readonly service?: Required<Pick<ServiceTarget, 'namespace' | 'name' | 'port'>>
}

function placeOf(webhook: Webhook, timeoutMs: number): Place {
  const timeout = `timeout=${formatDuration(BigInt(Math.round(timeoutMs * 1e6)))}`
  if (webhook.service) {
    const { namespace, name, port = SERVICE_PORT, path = '' } = webhook.service
    const host = `${name}.${namespace}.svc`
    const at = `${path.startsWith('/') ? path : `/${path}`}?${timeout}`
    return { url: `https://${host}:${port}${at}`, host, port, path: at, serverName: host, service: { namespace, name, port } }
  }
  let url: URL
  try {
    url = new URL(webhook.url ?? '')
  } catch (cause) {
    throw new WebhookError('malformed', `Unparsable webhook URL: parse ${JSON.stringify(webhook.url ?? '')}: invalid URI for request`, {
      cause,
    })
  }
  if (url.protocol !== 'https:')
    throw new WebhookError('unreachable', `Post ${JSON.stringify(webhook.url)}: unsupported protocol scheme "${url.protocol.slice(0, -1)}"`)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const path = `${url.pathname}?${timeout}`
  // the standard port is left out only where the address leaves it out, too
  return { url: `https://${url.host}${path}`, host, port: Number(url.port || 443), path, serverName: webhook.serverName ?? host }
}

/** A kept connection was gone by the time it was used. */
class StaleConnection extends Error {}

/** TLS refused a certificate, the cause, that turned out to be signed by an authority of the webhook's. Nothing was sent yet. */
class KnownByNow extends Error {}

async function post(
  parts: WebhookClientParts,
  agent: Agent,
  trust: ReturnType<typeof openTrust>,
  alike: AlikeCertificates,
  webhook: Webhook,
  place: Place,
  body: Uint8Array,
  { timeoutMs, signal }: WebhookCall,
): Promise<unknown> {
  const failed = (failure: WebhookFailure, why: string, cause?: unknown) =>
    new WebhookError(failure, `Post "${place.url}": ${why}`, { cause })
  let address: ServiceAddress = place
  if (place.service) {
    try {
      address = await parts.resolve(place.service)
    } catch (error) {
      throw failed('unreachable', (error as Error).message, error)
    }
  }
  const started = parts.clock.monotonic()
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const options = {
    agent,
    method: 'POST',
    host: address.host,
    port: address.port,
    path: place.path,
    headers: {
      host: hostHeader(place),
      accept: 'application/json, */*',
      'content-type': 'application/json',
      'content-length': body.length,
      'user-agent': 'kube-apiserver-admission',
      ...authorization(webhook),
    },
    ALPNProtocols: ['http/1.1'],
    servername: isIP(place.serverName) === 0 ? place.serverName : '', // no name at all; else the host header's would be taken
    ...trust({ ...webhook, ...(webhook.ca && { alike: alike.known(webhook.ca) }) }),
    ...(webhook.cert !== undefined && { cert: webhook.cert }),
    ...(webhook.key !== undefined && { key: webhook.key }),
    rejectUnauthorized: webhook.insecure !== true,
  }
  const request = httpsRequest(options as RequestOptions)
  let certificate: X509Certificate | undefined
  request.once('socket', (socket: TLSSocket) => {
    if (request.reusedSocket) return // it was looked at before, and a listener would wait for ever
    socket.prependOnceListener('secure', () => (certificate = socket.getPeerX509Certificate()))
  })
  const deadline = parts.clock.timer(timeoutMs, () => {
    reject(failed('timeout', 'context deadline exceeded'))
    request.destroy()
  })
  const given = () => {
    reject(failed('timeout', 'context canceled', signal?.reason))
    request.destroy()
  }
  if (signal?.aborted) given()
  else signal?.addEventListener('abort', given, { once: true })
  request.on('error', (error: NodeJS.ErrnoException) => {
    if (request.reusedSocket && error.code === 'ECONNRESET') return reject(new StaleConnection(error.message, { cause: error }))
    const { failure, text } = connectionErrorText(error, {
      ...address,
      name: place.serverName,
      now: parts.clock.now(),
      certificate,
    })
    const refusal = failed(failure, text, error)
    if (error.code === 'DEPTH_ZERO_SELF_SIGNED_CERT' && webhook.ca && certificate !== undefined) {
      const isNew = !alike.known(webhook.ca).includes(certificate.toString())
      if (isNew && alike.admits(webhook.ca, certificate)) return reject(new KnownByNow(text, { cause: refusal }))
    }
    reject(refusal)
  })
  request.once('response', (message) => {
    readAnswer(message, parts.bodyBytesMax ?? BODY_BYTES_MAX).then(resolve, (error: unknown) => {
      request.destroy()
      reject(error instanceof WebhookError ? error : failed('unreachable', 'unexpected EOF', error))
    })
  })
  request.end(body)
  try {
    return await promise
  } catch (error) {
    // what came too late is not asked again
    if (error instanceof StaleConnection && parts.clock.monotonic() - started >= timeoutMs)
      throw failed('timeout', 'context deadline exceeded', error)
    throw error
  } finally {
    deadline[Symbol.dispose]()
    signal?.removeEventListener('abort', given)
  }
}

async function readAnswer(message: IncomingMessage, bytesMax: number): Promise<unknown> {
  const body = await wholeBody(message, bytesMax)
  if (body === undefined) throw new WebhookError('too large', 'http: response body too large')
  const status = message.statusCode ?? 0
  const contentType = message.headers['content-type'] ?? ''
  if (status < 200 || status > 206) {
    const refusal = errorResponse(status, contentType, body)
    throw new WebhookError('status', refusal.message, { refusal })
  }
  if (body.length === 0)
    throw new WebhookError('malformed', `0-length response with status code: ${status} and content type: ${contentType}`)
  try {
    return parseJson(body).value
  } catch (cause) {
    throw new WebhookError('malformed', `couldn't get version/kind; json parse error: ${(cause as Error).message}`, { cause })
  }
}

function hostHeader({ host, port }: Place): string {
  const shown = host.includes(':') ? `[${host}]` : host
  return port === 443 ? shown : `${shown}:${port}`
}

function authorization({ token, username, password }: Webhook): { readonly authorization?: string } {
  if (token !== undefined) return { authorization: `Bearer ${token}` }
  if (username !== undefined) return { authorization: `Basic ${Buffer.from(`${username}:${password ?? ''}`).toString('base64')}` }
  return {}
}
