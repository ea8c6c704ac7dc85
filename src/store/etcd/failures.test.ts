/** What etcd's refusals mean: what is asked again, where, and what the caller hears. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { Metadata, status, type ServiceError } from '@grpc/grpc-js'
import { judge } from './failures.ts'

const judged = (code: status, details: string) => {
  const verdict = judge(Object.assign(new Error(details), { code, details, metadata: new Metadata() }) as ServiceError, 'http://m:1')
  return verdict.type === 'final' ? [verdict.error.name, (verdict.error as { reason?: string }).reason] : verdict.type
}

test('a write is asked again only where it surely has not happened', () => {
  deepEqual(
    [
      judged(status.UNAVAILABLE, 'No connection established. Last error: connect ECONNREFUSED'),
      judged(status.UNAVAILABLE, 'etcdserver: no leader'),
      judged(status.UNAVAILABLE, 'Connection dropped'),
      judged(status.UNAVAILABLE, 'etcdserver: request timed out, possibly due to previous leader failure'),
      judged(status.DEADLINE_EXCEEDED, 'Deadline exceeded'),
      judged(status.RESOURCE_EXHAUSTED, 'etcdserver: too many requests'),
      judged(status.UNAUTHENTICATED, 'etcdserver: invalid auth token'),
      judged(status.INVALID_ARGUMENT, 'etcdserver: revision of auth store is old'),
    ],
    ['elsewhere', 'elsewhere', 'doubt', 'doubt', 'doubt', 'later', 'token', 'token'],
  )
})

test('what the operator must mend is told with its reason', () => {
  deepEqual(
    [
      judged(status.RESOURCE_EXHAUSTED, 'etcdserver: mvcc: database space exceeded'),
      judged(status.DATA_LOSS, 'etcdserver: corrupt cluster'),
      judged(status.PERMISSION_DENIED, 'etcdserver: permission denied'),
      judged(status.INVALID_ARGUMENT, 'etcdserver: request is too large'),
    ],
    [
      ['StoreUnavailable', 'no-space'],
      ['StoreUnavailable', 'damaged'],
      ['StoreUnavailable', 'unreachable'],
      ['StoreRefused', undefined],
    ],
  )
})
