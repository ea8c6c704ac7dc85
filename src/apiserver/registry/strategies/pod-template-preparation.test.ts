/** What templates of pods lose before anybody looks at them. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { preparingTemplate } from './pod-template-preparation.ts'
import type { Stored, WriteInfo } from '../strategy.ts'

const write = {} as WriteInfo
const gated = { schedulingGroup: { podGroupName: 'g' } }

test('wherever a kind has its template', () => {
  const made = (path: 'spec' | 'jobTemplate' | 'object', object: object) =>
    preparingTemplate(path, {}).prepareCreate!(object as Stored, write) as unknown
  assert.deepEqual(made('spec', { spec: { replicas: 1, template: { spec: gated } } }), { spec: { replicas: 1, template: { spec: {} } } })
  assert.deepEqual(made('jobTemplate', { spec: { jobTemplate: { spec: { template: { spec: gated } } } } }), {
    spec: { jobTemplate: { spec: { template: { spec: {} } } } },
  })
  assert.deepEqual(made('object', { template: { spec: gated } }), { template: { spec: {} } })
  assert.deepEqual(made('spec', { spec: {} }), { spec: {} })
})

test('what is stored already stays, and the strategy goes on with what is left', () => {
  const strategy = preparingTemplate('spec', { prepareUpdate: (object) => ({ ...object, kind: 'Seen' }) })
  const object = { spec: { template: { spec: gated } } } as unknown as Stored
  assert.deepEqual(strategy.prepareUpdate!(object, object, write), { ...object, kind: 'Seen' })
})
