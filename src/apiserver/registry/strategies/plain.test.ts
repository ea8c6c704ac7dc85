/** Tests that of a certificate request each path writes its own part. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { certificateStatusFacet } from './plain.ts'
import type { WriteInfo } from '../strategy.ts'

const EARLIER = '2026-01-01T00:00:00Z'
const NOW = '2026-01-02T00:00:00Z'

const condition = (type: string, at?: string, message = type) => ({
  type,
  status: 'True',
  message,
  ...(at !== undefined && { lastUpdateTime: at, lastTransitionTime: at }),
})

/** The status after one is sent by the status path to a request that has another. */
function written(sent: object, old: object): unknown {
  const request = (status: object) => ({ metadata: { name: 'r', uid: 'u', creationTimestamp: EARLIER }, spec: {}, status }) as never
  return certificateStatusFacet.write(request(sent), request(old), { now: Date.parse(NOW) } as WriteInfo).status
}

test('conditions keep the order they are sent in, and decisions what they say', () => {
  const old = { conditions: [condition('Failed', EARLIER), condition('Approved', EARLIER)] }
  const sent = { conditions: [condition('Odd'), condition('Failed', EARLIER), condition('Approved', NOW, 'changed')] }
  deepEqual(written(sent, old), {
    conditions: [condition('Odd', NOW), condition('Failed', EARLIER), condition('Approved', EARLIER)],
  })
})

test('what the status path must not do is left for validation to refuse', () => {
  const old = { conditions: [condition('Approved', EARLIER)], certificate: 'b25l' }
  deepEqual(written({ certificate: 'b3RoZXI=' }, old), { certificate: 'b3RoZXI=' })
  deepEqual(written({ conditions: [condition('Denied', NOW)] }, old), { conditions: [condition('Denied', NOW)] })
})

test('times that are not sent are those of the condition before, or now', () => {
  const old = { conditions: [condition('Failed', EARLIER)] }
  const { lastUpdateTime: _, lastTransitionTime: __, ...bare } = condition('Failed')
  deepEqual(written({ conditions: [bare] }, old), { conditions: [{ ...bare, lastUpdateTime: NOW, lastTransitionTime: EARLIER }] })
  deepEqual(written({ conditions: [condition('Failed', NOW)] }, old), { conditions: [condition('Failed', NOW)] })
})
