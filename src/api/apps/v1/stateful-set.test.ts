/** StatefulSets, DaemonSets and ControllerRevisions: defaults, refusals, what may change, cells. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ControllerRevision, controllerRevisions } from './controller-revision.ts'
import { DaemonSet, daemonSets } from './daemon-set.ts'
import { StatefulSet, statefulSets } from './stateful-set.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causeOf } from '#schema/field-error.ts'
import type { MessageClass } from '#schema/message.ts'
import { tableOf } from '#schema/table.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

const metadata = { name: 'db', namespace: 'default', creationTimestamp: '2026-01-01T00:00:00Z' }
const NOW = Date.parse('2026-01-01T01:00:00Z')

function read<T>(type: MessageClass<T>, object: object): T {
  return withDefaults(type.schema, decode(type.schema, { metadata, ...object }).value) as T
}

const container = { name: 'c', image: 'db:1' }
const template = { metadata: { labels: { app: 'db' } }, spec: { containers: [container] } }
const common = { selector: { matchLabels: { app: 'db' } }, template }
const claim = { metadata: { name: 'data' }, spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } }

const statefulSet = (spec: object = {}, more: object = {}) => read(StatefulSet, { spec: { ...common, ...spec }, ...more })
const daemonSet = (spec: object = {}, more: object = {}) => read(DaemonSet, { spec: { ...common, ...spec }, ...more })
const refused = (object: StatefulSet | DaemonSet) =>
  validate(object.spec && 'replicas' in object.spec ? StatefulSet.schema : DaemonSet.schema, object).map(causeOf)
const one = (field: string, reason: string, message: string) => [{ reason: `FieldValue${reason}`, message, field }]

test('a stateful set starts its pods in order and keeps what they wrote', () => {
  const { template: _, ...rest } = statefulSet({ serviceName: 'db', volumeClaimTemplates: [claim] }).spec
  assert.deepEqual(rest, {
    selector: { matchLabels: { app: 'db' } },
    serviceName: 'db',
    replicas: 1,
    podManagementPolicy: 'OrderedReady',
    revisionHistoryLimit: 10,
    persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0, maxUnavailable: 1 } },
    volumeClaimTemplates: [
      {
        apiVersion: 'v1',
        kind: 'PersistentVolumeClaim',
        metadata: { name: 'data' },
        spec: { ...claim.spec, volumeMode: 'Filesystem' },
        status: { phase: 'Pending' },
      },
    ],
  })
  assert.deepEqual(statefulSet({ updateStrategy: { type: 'RollingUpdate' } }).spec.updateStrategy, { type: 'RollingUpdate' })
  assert.deepEqual(statefulSet({ updateStrategy: { type: 'OnDelete' } }).spec.updateStrategy, { type: 'OnDelete' })
})

test('containers of a stateful set mount its claims', () => {
  const mounting = { ...template, spec: { containers: [{ ...container, volumeMounts: [{ name: 'data', mountPath: '/data' }] }] } }
  assert.deepEqual(refused(statefulSet({ template: mounting, volumeClaimTemplates: [claim] })), [])
  assert.deepEqual(
    refused(statefulSet({ template: mounting })),
    one('spec.template.spec.containers[0].volumeMounts[0].name', 'NotFound', 'Not found: "data"'),
  )
})

test('a stateful set is refused what it cannot do', () => {
  assert.deepEqual(
    refused(statefulSet({ podManagementPolicy: 'Random' })),
    one('spec.podManagementPolicy', 'Invalid', "Invalid value: \"Random\": must be 'OrderedReady' or 'Parallel'"),
  )
  assert.deepEqual(
    refused(statefulSet({ updateStrategy: { type: 'Recreate' } })),
    one('spec.updateStrategy', 'Invalid', 'Invalid value: {"type":"Recreate"}: must be \'RollingUpdate\' or \'OnDelete\''),
  )
  assert.deepEqual(
    refused(statefulSet({ updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } })),
    one(
      'spec.updateStrategy.rollingUpdate',
      'Invalid',
      'Invalid value: {"partition":1}: only allowed for updateStrategy \'RollingUpdate\'',
    ),
  )
  const rolling = 'spec.updateStrategy.rollingUpdate'
  assert.deepEqual(refused(statefulSet({ updateStrategy: { rollingUpdate: { partition: -1, maxUnavailable: '0%' } } })), [
    ...one(`${rolling}.partition`, 'Invalid', 'Invalid value: -1: must be greater than or equal to 0'),
    ...one(`${rolling}.maxUnavailable`, 'Invalid', 'Invalid value: "0%": cannot be 0'),
  ])
  assert.deepEqual(
    refused(statefulSet({ persistentVolumeClaimRetentionPolicy: { whenScaled: 'Keep' } })),
    one(
      'spec.persistentVolumeClaimRetentionPolicy.whenScaled',
      'NotSupported',
      'Unsupported value: "Keep": supported values: "Retain", "Delete"',
    ),
  )
  assert.deepEqual(
    refused(statefulSet({ ordinals: { start: -1 } })),
    one('spec.ordinals.start', 'Invalid', 'Invalid value: -1: must be greater than or equal to 0'),
  )
  assert.deepEqual(
    refused(statefulSet({ serviceName: 'a.b' })),
    one('spec.serviceName', 'Invalid', 'Invalid value: "a.b": must not contain dots'),
  )
  assert.deepEqual(
    validate(StatefulSet.schema, statefulSet({}, { metadata: { ...metadata, name: 'a.b' } })).map(causeOf),
    one('metadata.name', 'Invalid', 'Invalid value: "a.b": must not contain dots'),
  )
  assert.deepEqual(
    refused(statefulSet({ template: { ...template, spec: { ...template.spec, activeDeadlineSeconds: 1 } } })),
    one('spec.template.spec.activeDeadlineSeconds', 'Forbidden', 'Forbidden: activeDeadlineSeconds in StatefulSet is not Supported'),
  )
})

test('of a stateful set, what can be changed without losing pods may change', () => {
  const update = (spec: object) => validateUpdate(StatefulSet.schema, statefulSet(spec), statefulSet(), '').map(causeOf)
  const updateStrategy = { type: 'OnDelete' }
  const kept = { whenDeleted: 'Delete' }
  const ordinals = { start: 5 }
  assert.deepEqual(
    update({
      replicas: 3,
      updateStrategy,
      ordinals,
      minReadySeconds: 1,
      revisionHistoryLimit: 2,
      persistentVolumeClaimRetentionPolicy: kept,
    }),
    [],
  )
  const text =
    "Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden"
  assert.deepEqual(update({ serviceName: 'x' }), one('spec', 'Forbidden', text))
  assert.deepEqual(update({ volumeClaimTemplates: [claim] }), one('spec', 'Forbidden', text))
})

test('counts in a status fit each other', () => {
  const status = (now: object, old: object = {}) =>
    validateUpdate(StatefulSet.schema, statefulSet({}, { status: now }), statefulSet({}, { status: old }), 'status').map(
      ({ message }) => message,
    )
  assert.deepEqual(status({ replicas: 3, readyReplicas: 2, availableReplicas: 2, collisionCount: 1 }, { collisionCount: 1 }), [])
  assert.deepEqual(status({ replicas: 1, readyReplicas: 2, availableReplicas: 3, currentReplicas: -1 }, { collisionCount: 1 }), [
    'status.currentReplicas: Invalid value: -1: must be greater than or equal to 0',
    'status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.replicas',
    'status.availableReplicas: Invalid value: 3: cannot be greater than status.readyReplicas',
    'status.collisionCount: Invalid value: 0: cannot be decremented',
  ])
})

test('a daemon set replaces one pod at a time', () => {
  const { template: _, ...rest } = daemonSet().spec
  assert.deepEqual(rest, {
    selector: { matchLabels: { app: 'db' } },
    revisionHistoryLimit: 10,
    updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } },
  })
  assert.deepEqual(refused(daemonSet()), [])
  const strategy = (updateStrategy: object) => refused(daemonSet({ updateStrategy }))
  const at = 'spec.updateStrategy'
  assert.deepEqual(
    strategy({ type: 'Recreate' }),
    one(at, 'NotSupported', 'Unsupported value: {"type":"Recreate"}: supported values: "RollingUpdate", "OnDelete"'),
  )
  assert.deepEqual(
    strategy({ rollingUpdate: { maxUnavailable: 0 } }),
    one(`${at}.rollingUpdate.maxUnavailable`, 'Required', 'Required value: cannot be 0 when maxSurge is 0'),
  )
  assert.deepEqual(
    strategy({ rollingUpdate: { maxSurge: 1 } }),
    one(`${at}.rollingUpdate.maxSurge`, 'Invalid', 'Invalid value: 1: may not be set when maxUnavailable is non-zero'),
  )
})

test('a revision has data, and keeps it', () => {
  const revision = (more: object) => read(ControllerRevision, { revision: 1, data: { a: 1 }, ...more })
  assert.deepEqual(validate(ControllerRevision.schema, revision({})).map(causeOf), [])
  assert.deepEqual(validate(ControllerRevision.schema, read(ControllerRevision, { revision: -1 })).map(causeOf), [
    ...one('data', 'Required', 'Required value: data is mandatory'),
    ...one('revision', 'Invalid', 'Invalid value: -1: must be greater than or equal to 0'),
  ])
  assert.deepEqual(validateUpdate(ControllerRevision.schema, revision({ revision: 2 }), revision({})).map(causeOf), [])
  assert.deepEqual(
    validateUpdate(ControllerRevision.schema, revision({ data: { a: 2 } }), revision({})).map(causeOf),
    one('data', 'Invalid', 'Invalid value: {"a":2}: field is immutable'),
  )
})

test('cells tell how many pods there are, and whose a revision is', () => {
  const set = statefulSet({ replicas: 3 }, { status: { replicas: 3, readyReplicas: 2 } })
  assert.deepEqual(tableOf(statefulSets, [set], NOW).rows[0]!.cells, ['db', '2/3', '60m', 'c', 'db:1'])
  const counts = { desiredNumberScheduled: 3, currentNumberScheduled: 2, numberReady: 1, numberMisscheduled: 0, updatedNumberScheduled: 2 }
  const daemon = daemonSet({ template: { ...template, spec: { ...template.spec, nodeSelector: { disk: 'ssd' } } } }, { status: counts })
  assert.deepEqual(tableOf(daemonSets, [daemon], NOW).rows[0]!.cells, ['db', 3, 2, 1, 2, 0, 'disk=ssd', '60m', 'c', 'db:1', 'app=db'])
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name: 'db', uid: 'u', controller: true }]
  const revision = read(ControllerRevision, { revision: 4, data: {}, metadata: { ...metadata, ownerReferences } })
  assert.deepEqual(tableOf(controllerRevisions, [revision], NOW).rows[0]!.cells, ['db', 'statefulset.apps/db', 4, '60m'])
})
