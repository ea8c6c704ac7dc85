/** Volumes and claims: what is added, what is refused, what may change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withDataSources } from './persistent-volume-claim-rules.ts'
import { PersistentVolumeClaim } from './persistent-volume-claim.ts'
import { PersistentVolume } from './persistent-volume.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes } from '#schema/field-error.ts'
import type { MessageClass } from '#schema/message.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

function made<T>(type: MessageClass<T>, object: object): T {
  return withDefaults(
    type.schema,
    decode(type.schema, { metadata: { name: 'a', ...(type.schema.name.endsWith('Claim') && { namespace: 'n' }) }, ...object }).value,
  ) as unknown as T
}

function refused<T>(type: MessageClass<T>, object: object) {
  return causes(validate(type.schema, made(type, object))).map(said)
}

function changed<T>(type: MessageClass<T>, now: object, old: object, subresource = '') {
  return causes(validateUpdate(type.schema, made(type, now), made(type, old), subresource)).map(said)
}

const said = ({ reason, field, message }: { reason: string; field: string; message: string }) => `${reason} ${field}: ${message}`

const volume = { capacity: { storage: '5Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/data' } }
const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
const IMMUTABLE_CLAIM = 'spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims'

test('a volume is kept and has files, unless it says otherwise', () => {
  assert.deepEqual(made(PersistentVolume, { spec: volume }), {
    metadata: { name: 'a' },
    spec: { ...volume, hostPath: { path: '/data', type: '' }, persistentVolumeReclaimPolicy: 'Retain', volumeMode: 'Filesystem' },
    status: { phase: 'Pending' },
  })
  assert.deepEqual(refused(PersistentVolume, { spec: volume }), [])
})

test('a volume without what it needs, and with what does not go together, is refused', () => {
  assert.deepEqual(refused(PersistentVolume, { spec: {} }), [
    'FieldValueRequired spec.accessModes: Required value',
    'FieldValueRequired spec.capacity: Required value',
    'FieldValueNotSupported spec.capacity: Unsupported value: {}: supported values: "storage"',
    'FieldValueRequired spec: Required value: must specify a volume type',
  ])
  assert.deepEqual(
    refused(PersistentVolume, {
      spec: {
        ...volume,
        accessModes: ['ReadWriteOncePod', 'Sometimes'],
        capacity: { storage: '0' },
        hostPath: { path: '/' },
        nfs: { server: 's', path: '/' },
        persistentVolumeReclaimPolicy: 'Recycle',
        storageClassName: 'a b',
        volumeMode: 'Tape',
        volumeAttributesClassName: '',
      },
    }).map((line) => line.slice(0, 140)),
    [
      'FieldValueNotSupported spec.accessModes: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "R',
      'FieldValueForbidden spec.accessModes: Forbidden: may not use ReadWriteOncePod with other access modes',
      'FieldValueInvalid spec.capacity[storage]: Invalid value: "0": must be greater than zero',
      'FieldValueForbidden spec.nfs: Forbidden: may not specify more than 1 volume type',
      "FieldValueForbidden spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'",
      'FieldValueInvalid spec.storageClassName: Invalid value: "a b": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters',
      'FieldValueNotSupported spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
      'FieldValueRequired spec.volumeAttributesClassName: Required value: an empty string is disallowed',
      'FieldValueRequired spec.csi: Required value: has to be specified when using volumeAttributesClassName',
    ].map((line) => line.slice(0, 140)),
  )
  assert.deepEqual(refused(PersistentVolume, { spec: { ...volume, hostPath: undefined, local: { path: '/disk' } } }), [
    'FieldValueRequired spec.nodeAffinity: Required value: Local volume requires node affinity',
  ])
})

test('what a volume is made from stays, but for a secret to grow it with', () => {
  const csi = { ...volume, hostPath: undefined, csi: { driver: 'd', volumeHandle: 'h' } }
  const grown = { ...csi, csi: { ...csi.csi, controllerExpandSecretRef: { name: 's', namespace: 'n' } } }
  assert.deepEqual(changed(PersistentVolume, { spec: grown }, { spec: csi }), [])
  assert.deepEqual(
    changed(PersistentVolume, { spec: { ...volume, hostPath: { path: '/other' }, volumeMode: 'Block' } }, { spec: volume }),
    [
      'FieldValueForbidden spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation\n- spec.hostPath.path: "/data"\n+ spec.hostPath.path: "/other"\n',
      'FieldValueInvalid volumeMode: Invalid value: "Block": field is immutable',
    ],
  )
})

test('a claim says how much it wants, of what, and from where', () => {
  assert.deepEqual(made(PersistentVolumeClaim, { spec: claim }).spec, { ...claim, volumeMode: 'Filesystem' })
  assert.deepEqual(refused(PersistentVolumeClaim, { spec: {} }), [
    'FieldValueRequired spec.accessModes: Required value: at least 1 access mode is required',
    'FieldValueRequired spec.resources[storage]: Required value',
  ])
  assert.deepEqual(
    refused(PersistentVolumeClaim, {
      spec: {
        ...claim,
        resources: { requests: { storage: '-1' } },
        volumeMode: 'Tape',
        dataSource: { kind: 'Pod', name: 'p' },
        dataSourceRef: { kind: 'PersistentVolumeClaim', name: 'c' },
      },
    }),
    [
      'FieldValueInvalid spec.resources[storage]: Invalid value: "-1": must be greater than zero',
      'FieldValueNotSupported spec.volumeMode: Unsupported value: "Tape": supported values: "Block", "Filesystem"',
      `FieldValueInvalid spec.dataSource: Invalid value: "Pod": must be 'PersistentVolumeClaim' when referencing the default apiGroup`,
      'FieldValueInvalid spec: Invalid value: {}: must match dataSourceRef',
    ],
  )
})

test('either spelling of a data source becomes the other, and one that never worked is dropped', () => {
  const sources = (spec: object) => {
    const { dataSource, dataSourceRef } = withDataSources(made(PersistentVolumeClaim, { spec: { ...claim, ...spec } })).spec
    return { dataSource, dataSourceRef }
  }
  const own = { kind: 'PersistentVolumeClaim', name: 'c' }
  const foreign = { apiGroup: 'example.com', kind: 'Tape', name: 't' }
  assert.deepEqual(sources({ dataSource: own }), { dataSource: own, dataSourceRef: own })
  assert.deepEqual(sources({ dataSourceRef: foreign }), { dataSource: foreign, dataSourceRef: foreign })
  assert.deepEqual(sources({ dataSource: foreign }), { dataSource: undefined, dataSourceRef: undefined })
  const elsewhere = { ...own, namespace: 'other' }
  assert.deepEqual(sources({ dataSourceRef: elsewhere }), { dataSource: undefined, dataSourceRef: elsewhere })
})

test('a claim is bound once, grows when bound, and shrinks no further than what it has', () => {
  const bound = (size: string, more: object = {}) => ({
    spec: { ...claim, volumeName: 'v', resources: { requests: { storage: size } }, ...more },
    status: { phase: 'Bound', capacity: { storage: '1Gi' } },
  })
  assert.deepEqual(changed(PersistentVolumeClaim, { spec: { ...claim, volumeName: 'v' } }, { spec: claim }), [])
  assert.deepEqual(changed(PersistentVolumeClaim, bound('2Gi'), bound('1Gi')), [])
  assert.deepEqual(changed(PersistentVolumeClaim, bound('2Gi'), bound('3Gi')), [])
  assert.deepEqual(changed(PersistentVolumeClaim, bound('1Gi'), bound('3Gi')), [
    'FieldValueForbidden spec.resources.requests.storage: Forbidden: field can not be less than status.capacity',
  ])
  assert.deepEqual(changed(PersistentVolumeClaim, bound('1Gi', { volumeName: 'w' }), bound('1Gi')), [
    `FieldValueForbidden spec: Forbidden: ${IMMUTABLE_CLAIM}\n- spec.volumeName: "v"\n+ spec.volumeName: "w"\n`,
  ])
  assert.deepEqual(changed(PersistentVolumeClaim, { spec: { ...claim, storageClassName: 'fast' } }, { spec: claim }), [])
  assert.deepEqual(
    changed(
      PersistentVolumeClaim,
      { spec: claim, status: { allocatedResourceStatuses: { storage: 'Soon' } } },
      { spec: claim },
      'status',
    ).map((l) => l.slice(0, 90)),
    ['FieldValueNotSupported status.allocatedResourceStatus[storage]: Unsupported value: "Soon":'],
  )
})
