/** The calls of etcd's v3 interface that the driver makes, with the fields it writes and reads; enums are their numbers. */

import type { MessageTable } from './protobuf.ts'

export interface Call<Request extends MessageTable, Response extends MessageTable> {
  readonly path: string
  readonly request: Request
  readonly response: Response
}

const header = { revision: [3, 'int'] } as const
const noFields = {} as const

export const keyValue = {
  key: [1, 'bytes'],
  createRevision: [2, 'int'],
  modRevision: [3, 'int'],
  version: [4, 'int'],
  value: [5, 'bytes'],
  lease: [6, 'id'],
} as const

const rangeRequest = {
  key: [1, 'bytes'],
  rangeEnd: [2, 'bytes'],
  limit: [3, 'int'],
  revision: [4, 'int'],
  keysOnly: [8, 'bool'],
  countOnly: [9, 'bool'],
} as const
const rangeResponse = { header: [1, header], kvs: [2, [keyValue]], more: [3, 'bool'], count: [4, 'int'] } as const
const putRequest = { key: [1, 'bytes'], value: [2, 'bytes'], lease: [3, 'id'] } as const
const deleteRequest = { key: [1, 'bytes'] } as const

export const COMPARE_VERSION = 0
export const COMPARE_MOD = 2
/** `result` 0, the default, is "equal"; the revision or version compared with is written even when 0 by being left out. */
const compare = { target: [2, 'int'], key: [3, 'bytes'], version: [4, 'int'], modRevision: [6, 'int'] } as const
const requestOp = { range: [1, rangeRequest], put: [2, putRequest], deleteRange: [3, deleteRequest] } as const
const responseOp = { range: [1, rangeResponse] } as const

export const range = call('KV/Range', rangeRequest, rangeResponse)
export const transact = call(
  'KV/Txn',
  { compare: [1, [compare]], success: [2, [requestOp]], failure: [3, [requestOp]] } as const,
  { header: [1, header], succeeded: [2, 'bool'], responses: [3, [responseOp]] } as const,
)
export const compact = call('KV/Compact', { revision: [1, 'int'] } as const, { header: [1, header] } as const)
export const grantLease = call('Lease/LeaseGrant', { ttlSeconds: [1, 'int'] } as const, { header: [1, header], id: [2, 'id'] } as const)
export const authenticate = call(
  'Auth/Authenticate',
  { name: [1, 'string'], password: [2, 'string'] } as const,
  { token: [2, 'string'] } as const,
)
export const status = call('Maintenance/Status', noFields, { header: [1, header], version: [2, 'string'], leader: [4, 'id'] } as const)
export const snapshot = call('Maintenance/Snapshot', noFields, { blob: [3, 'bytes'] } as const)

const member = {
  id: [1, 'id'],
  name: [2, 'string'],
  peerUrls: [3, ['string']],
  clientUrls: [4, ['string']],
  isLearner: [5, 'bool'],
} as const
export const listMembers = call('Cluster/MemberList', noFields, { members: [2, [member]] } as const)
export const addMember = call(
  'Cluster/MemberAdd',
  { peerUrls: [1, ['string']], isLearner: [2, 'bool'] } as const,
  { member: [2, member], members: [3, [member]] } as const,
)
export const promoteMember = call('Cluster/MemberPromote', { id: [1, 'id'] } as const, { members: [2, [member]] } as const)

export const EVENT_DELETE = 1
const event = { type: [1, 'int'], kv: [2, keyValue], previous: [3, keyValue] } as const
const createWatch = {
  key: [1, 'bytes'],
  rangeEnd: [2, 'bytes'],
  startRevision: [3, 'int'],
  progressNotify: [4, 'bool'],
  previous: [6, 'bool'],
  fragment: [8, 'bool'],
} as const
export const watch = call(
  'Watch/Watch',
  { create: [1, createWatch] } as const,
  {
    header: [1, header],
    created: [3, 'bool'],
    canceled: [4, 'bool'],
    compactRevision: [5, 'int'],
    cancelReason: [6, 'string'],
    fragment: [7, 'bool'],
    events: [11, [event]],
  } as const,
)

function call<Q extends MessageTable, R extends MessageTable>(name: string, request: Q, response: R): Call<Q, R> {
  return { path: `/etcdserverpb.${name}`, request, response }
}
