/** A bucket as S3 serves it, for tests: it checks each signature by the published rules of AWS Signature Version 4, with nothing of the signer's. */

import { createHash, createHmac } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface BucketUnderTest extends AsyncDisposable {
  readonly url: string
  readonly objects: Map<string, Buffer>
  /** What was wrong with requests. */
  readonly refused: string[]
}

interface Owner {
  readonly id: string
  readonly secret: string
  readonly region: string
  readonly bucket: string
}

const PAGE_KEYS = 2 // so that lists go on
const CLOCK_MS_MAX = 15 * 60_000

export async function startBucket(owner: Owner): Promise<BucketUnderTest> {
  const objects = new Map<string, Buffer>()
  const refused: string[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const body = Buffer.concat(chunks)
    const wrong = problemOf(request, body, owner)
    if (wrong !== undefined) {
      refused.push(wrong)
      response.writeHead(403).end(`<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code><Message>${wrong}</Message></Error>`)
      return
    }
    const { pathname, searchParams } = new URL(request.url!, 'http://bucket')
    const [, bucket, ...parts] = pathname.split('/')
    const key = parts.map(decodeURIComponent).join('/')
    if (bucket !== owner.bucket) response.writeHead(404).end('<Error><Code>NoSuchBucket</Code></Error>')
    else if (request.method === 'GET' && key === '') response.end(listed(objects, searchParams))
    else if (request.method === 'PUT' && request.headers['content-length'] !== undefined) {
      objects.set(key, body)
      response.end()
    } else if (request.method === 'DELETE') {
      objects.delete(key)
      response.writeHead(204).end()
    } else response.writeHead(405).end()
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    objects,
    refused,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

function listed(objects: ReadonlyMap<string, Buffer>, query: URLSearchParams): string {
  const after = query.get('continuation-token') ?? ''
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after).toSorted()
  const page = keys.slice(0, PAGE_KEYS)
  const more = keys.length > page.length
  const rows = page.map((key) => `<Contents><Key>${escaped(key)}</Key><Size>${objects.get(key)!.length}</Size></Contents>`)
  const next = more ? `<NextContinuationToken>${escaped(page.at(-1)!)}</NextContinuationToken>` : ''
  return `<?xml version="1.0"?><ListBucketResult><IsTruncated>${more}</IsTruncated>${next}${rows.join('')}</ListBucketResult>`
}

function problemOf(request: IncomingMessage, body: Buffer, { id, secret, region }: Owner): string | undefined {
  const { headers, method, url } = request
  const given = /^AWS4-HMAC-SHA256 Credential=([^,]+), SignedHeaders=([^,]+), Signature=([0-9a-f]{64})$/.exec(headers.authorization ?? '')
  if (given === null) return 'it is not signed'
  const [, credential, signedHeaders = '', signature] = given
  const time = String(headers['x-amz-date'])
  const scope = [time.slice(0, 8), region, 's3', 'aws4_request']
  if (credential !== [id, ...scope].join('/')) return 'the credential is another'
  const at = Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'))
  if (!(Math.abs(Date.now() - at) < CLOCK_MS_MAX)) return 'the time is another'
  const signed = signedHeaders.split(';')
  if (!['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) => signed.includes(name))) return 'too few headers are signed'
  const digest = headers['x-amz-content-sha256']
  if (digest !== sha256(body) && (body.length > 0 || digest !== 'UNSIGNED-PAYLOAD')) return 'the body is another'
  const [path = '', query = ''] = url!.split('?')
  const canonical = [
    method,
    path
      .split('/')
      .map((part) => strictly(decodeURIComponent(part)))
      .join('/'),
    query
      .split('&')
      .filter((pair) => pair !== '')
      .map((pair) => pair.split('=').map((part) => strictly(decodeURIComponent(part))))
      .map(([name, value = '']) => `${name}=${value}`)
      .toSorted()
      .join('&'),
    ...signed.map((name) => `${name}:${String(headers[name]).trim().replaceAll(/ +/g, ' ')}`),
    '',
    signedHeaders,
    digest,
  ].join('\n')
  const key = scope.reduce<Buffer | string>((k, part) => createHmac('sha256', k).update(part).digest(), `AWS4${secret}`)
  const toSign = ['AWS4-HMAC-SHA256', time, scope.join('/'), sha256(canonical)].join('\n')
  return createHmac('sha256', key).update(toSign).digest('hex') === signature ? undefined : 'they differ'
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex')
}

/** Everything but letters, digits and `-._~`. */
function strictly(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) =>
      /[\w.~-]/.test(String.fromCharCode(byte)) ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`,
    )
    .join('')
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll("'", '&apos;')
}
