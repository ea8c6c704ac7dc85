/** Scheduled snapshots in a bucket of S3's kind: objects are put, listed and deleted under a prefix, each request signed. */

import { createHash } from 'node:crypto'
import { createReadStream, openAsBlob, readFileSync } from 'node:fs'
import type { SnapshotPlace } from './snapshot-places.ts'

export interface Bucket {
  /** `http` or `https`; the bucket's name becomes the first part of the path. */
  readonly endpoint: URL
  readonly bucket: string
  /** What names begin with, as it stands: `clusters/a/` makes a folder of it. */
  readonly prefix: string
  readonly region: string
  /** Read at each use, so that keys can be exchanged. */
  readonly credentialsFile: string
  /** Where a file is made before it is sent. */
  readonly scratch: string
}

export interface BucketCredentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken?: string
}

/** What a person can mend; the message says it in one sentence. */
export class BucketError extends Error {
  override readonly name = 'BucketError'
}

const ANSWER_MS_MAX = 60_000
const UPLOAD_MS_MAX = 30 * 60_000
const ERROR_CHARACTERS_MAX = 300

export function bucketPlace(bucket: Bucket): SnapshotPlace {
  const { prefix, scratch } = bucket
  const base = `${bucket.endpoint.href.replace(/\/$/, '')}/${encoded(bucket.bucket)}`
  const urlOf = (name: string) => `${base}/${`${prefix}${name}`.split('/').map(encoded).join('/')}`
  return {
    type: 's3',
    where: `${base}/${prefix}`,
    shared: true,
    scratch: async () => scratch,
    async list(signal) {
      const names: string[] = []
      for (let token: string | undefined; ;) {
        const query = { ...(token !== undefined && { 'continuation-token': token }), 'list-type': '2', prefix: `${prefix}k8ts-` }
        const words = Object.entries(query).map(([name, value]) => `${name}=${encoded(value)}`)
        const page = await (await ask(bucket, `${base}?${words.join('&')}`, { method: 'GET' }, ANSWER_MS_MAX, signal)).text()
        for (const [, contents = ''] of page.matchAll(/<Contents>([\s\S]*?)<\/Contents>/g)) {
          const key = element(contents, 'Key')
          if (key?.startsWith(prefix) && element(contents, 'Size') !== '0') names.push(key.slice(prefix.length))
        }
        token = element(page, 'IsTruncated') === 'true' ? element(page, 'NextContinuationToken') : undefined
        if (token === undefined) return names
      }
    },
    async keep(file, name, signal) {
      const digest = createHash('sha256')
      for await (const chunk of createReadStream(file)) digest.update(chunk as Uint8Array)
      // what arrives otherwise than it was sent is refused by the other side
      const headers = { 'x-amz-content-sha256': digest.digest('hex') }
      await ask(bucket, urlOf(name), { method: 'PUT', body: await openAsBlob(file), headers }, UPLOAD_MS_MAX, signal)
    },
    async remove(name, signal) {
      await ask(bucket, urlOf(name), { method: 'DELETE' }, ANSWER_MS_MAX, signal)
    },
  }
}

/** Of the `default` profile, or before any. Throws `BucketError`. */
export function readCredentials(file: string): BucketCredentials {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new BucketError(`cannot read the credentials of the bucket: ${(error as Error).message}`, { cause: error })
  }
  const found = new Map<string, string>()
  let profile = 'default'
  for (const line of text.split(/\r?\n/)) {
    profile = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1] ?? profile
    const [, name, value] = /^\s*(\w+)\s*=\s*(.*?)\s*$/.exec(line) ?? []
    if (profile === 'default' && name !== undefined) found.set(name, value!)
  }
  const [accessKeyId, secretAccessKey] = [found.get('aws_access_key_id'), found.get('aws_secret_access_key')]
  if (!accessKeyId || !secretAccessKey)
    throw new BucketError(`${file} has no aws_access_key_id and aws_secret_access_key of the profile "default"`)
  const sessionToken = found.get('aws_session_token')
  return { accessKeyId, secretAccessKey, ...(sessionToken && { sessionToken }) }
}

async function ask(bucket: Bucket, url: string, init: RequestInit, withinMs: number, signal: AbortSignal): Promise<Response> {
  const { AwsClient } = await import('aws4fetch')
  // whoever schedules tries again
  const client = new AwsClient({ ...readCredentials(bucket.credentialsFile), service: 's3', region: bucket.region, retries: 0 })
  let answer: Response
  try {
    const ends = AbortSignal.any([signal, AbortSignal.timeout(withinMs)])
    answer = await client.fetch(url, { ...init, redirect: 'manual', signal: ends })
  } catch (error) {
    const { message, cause } = error as Error
    const why = cause instanceof Error ? cause.message || (cause as NodeJS.ErrnoException).code : message
    throw new BucketError(`${bucket.endpoint.href} cannot be asked: ${why}`, { cause: error })
  }
  if (answer.ok) return answer
  const text = await answer.text().catch(() => '')
  const said = [element(text, 'Code'), element(text, 'Message')].filter((part) => part !== undefined).join(': ')
  throw new BucketError(
    `${init.method} of ${url.split('?')[0]} was answered with status ${answer.status}${said === '' ? '' : ` ${said.slice(0, ERROR_CHARACTERS_MAX)}`}`,
  )
}

/** As signatures need it, also where URLs would take the character. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

/** The text of the first one of a name, in the plain XML that S3 answers with. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`)
    .exec(xml)?.[1]
    ?.replaceAll(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (all, hex?: string, decimal?: string, word?: string) =>
      word !== undefined ? (ENTITIES[word] ?? all) : String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16)),
    )
}
