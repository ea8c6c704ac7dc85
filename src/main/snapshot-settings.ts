/** Scheduled snapshots as the command line asks for them. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Metrics } from '#base/metrics.ts'
import type { Random } from '#base/random.ts'
import { settings, UsageError, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import { durationMs } from '#schema/duration.ts'
import { BucketError, bucketPlace, readCredentials } from './snapshot-bucket.ts'
import { directoryPlace, type SnapshotPlace } from './snapshot-places.ts'
import { runSnapshotSchedule, type SnapshotSchedule } from './snapshot-schedule.ts'

export const snapshotSettings = settings({
  snapshotSchedule: {
    type: 'string',
    flag: 'snapshot-schedule',
    help: 'Take a snapshot of all that is stored this often, such as 6h or 30m; spans are counted in UTC',
    placeholder: 'INTERVAL',
  },
  snapshotRetention: {
    type: 'int',
    flag: 'snapshot-retention',
    help: 'Scheduled snapshots that are kept; older ones are removed',
    default: 5,
    min: 1,
  },
  snapshotDirectory: { type: 'string', flag: 'snapshot-dir', help: 'Folder for scheduled snapshots' },
  snapshotEndpoint: {
    type: 'string',
    flag: 'snapshot-s3-endpoint',
    help: 'Keep scheduled snapshots in an S3-compatible store at this URL, such as https://s3.example.com',
    placeholder: 'URL',
  },
  snapshotBucket: { type: 'string', flag: 'snapshot-s3-bucket', help: 'Bucket for scheduled snapshots' },
  snapshotPrefix: {
    type: 'string',
    flag: 'snapshot-s3-prefix',
    help: 'What their names in the bucket begin with, such as prod/',
    default: '',
  },
  snapshotRegion: { type: 'string', flag: 'snapshot-s3-region', help: 'Region of the bucket', default: 'us-east-1' },
  snapshotCredentials: {
    type: 'string',
    flag: 'snapshot-s3-credentials-file',
    help: 'File with aws_access_key_id and aws_secret_access_key, as the AWS tools have it',
  },
})

const EVERY_MS_MIN = 60_000 // it is looked once a minute what is due

export interface ScheduledSnapshots {
  readonly schedule: SnapshotSchedule
  readonly places: readonly SnapshotPlace[]
}

type Asked = Values<typeof snapshotSettings> & { readonly readOnly: boolean; readonly dataDirectory: string }

/** Undefined where none are asked for. Throws `UsageError` and `OperatorError`. */
export function scheduledSnapshotsOf(asked: Asked): ScheduledSnapshots | undefined {
  const { snapshotSchedule: text, snapshotDirectory: directory } = asked
  const places = [...(directory === undefined ? [] : [directoryPlace(directory)]), ...bucketOf(asked)]
  if (text === undefined) {
    if (places.length > 0)
      throw new UsageError(
        `--snapshot-${directory === undefined ? 's3-bucket' : 'dir'} goes with --snapshot-schedule, which says how often`,
      )
    return undefined
  }
  if (asked.readOnly) throw new UsageError('--snapshot-schedule saves the present, and --read-only shows the past')
  if (places.length === 0) throw new UsageError('--snapshot-schedule needs a place for its files: --snapshot-dir or --snapshot-s3-bucket')
  return { schedule: { everyMs: everyMs(text), retention: asked.snapshotRetention }, places }
}

/** Takes snapshots until it is disposed. */
export function startSnapshots(
  { schedule, places }: ScheduledSnapshots,
  parts: {
    readonly snapshot: () => AsyncIterable<Uint8Array>
    readonly clock: Clock
    readonly random: Random
    readonly log: Log
    readonly metrics: Metrics
  },
): AsyncDisposable {
  const stop = new AbortController()
  const running = runSnapshotSchedule(schedule, { ...parts, places }, stop.signal)
  return {
    async [Symbol.asyncDispose]() {
      stop.abort(new Error('the server ends'))
      await running
    },
  }
}

function bucketOf(asked: Asked): readonly SnapshotPlace[] {
  const { snapshotEndpoint: url, snapshotBucket: bucket, snapshotPrefix: prefix, snapshotRegion: region, snapshotCredentials } = asked
  if (url === undefined && bucket === undefined && snapshotCredentials === undefined && prefix === '') return []
  if (url === undefined || !bucket || snapshotCredentials === undefined)
    throw new UsageError('a bucket takes all of --snapshot-s3-endpoint, --snapshot-s3-bucket and --snapshot-s3-credentials-file')
  const endpoint = URL.canParse(url) ? new URL(url) : undefined
  if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol) || endpoint.search + endpoint.hash + endpoint.username !== '')
    throw new UsageError(
      `invalid argument ${JSON.stringify(url)} for "--snapshot-s3-endpoint" flag: expected a URL such as https://s3.example.com`,
    )
  const folders = prefix.split('/').slice(0, -1)
  if (folders.some((part) => part === '' || part === '.' || part === '..'))
    throw new UsageError(`invalid argument ${JSON.stringify(prefix)} for "--snapshot-s3-prefix" flag: expected a prefix such as prod/`)
  try {
    readCredentials(snapshotCredentials)
  } catch (error) {
    if (error instanceof BucketError) throw new OperatorError(error.message, { cause: error })
    throw error
  }
  return [bucketPlace({ endpoint, bucket, prefix, region, credentialsFile: snapshotCredentials, scratch: asked.dataDirectory })]
}

function everyMs(text: string): number {
  const refused = (why: string) => new UsageError(`invalid argument ${JSON.stringify(text)} for "--snapshot-schedule" flag: ${why}`)
  if (/[\s*@]/.test(text)) throw refused('cron expressions are not taken here; expected an interval such as 6h or 30m')
  const ms = durationMs(text)
  if (ms === undefined) throw refused('expected an interval such as 6h or 30m')
  if (ms < EVERY_MS_MIN) throw refused('expected one minute or more')
  return ms
}
