/** The storage group: what is added, what is refused, what may change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CSIDriver } from './csi-driver.ts'
import { CSINode } from './csi-node.ts'
import { CSIStorageCapacity } from './csi-storage-capacity.ts'
import { StorageClass } from './storage-class.ts'
import { VolumeAttachment } from './volume-attachment.ts'
import { VolumeAttributesClass } from './volume-attributes-class.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes } from '#schema/field-error.ts'
import type { MessageClass } from '#schema/message.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

const metadata = { name: 'a' }

function made<T>(type: MessageClass<T>, object: object): T {
  return withDefaults(
    type.schema,
    decode(type.schema, { metadata: { ...metadata, ...(type.schema.name.endsWith('Capacity') && { namespace: 'n' }) }, ...object }).value,
  ) as unknown as T
}

function refused<T>(type: MessageClass<T>, object: object) {
  return causes(validate(type.schema, made(type, object))).map(said)
}

function changed<T>(type: MessageClass<T>, now: object, old: object, subresource = '') {
  return causes(validateUpdate(type.schema, made(type, now), made(type, old), subresource)).map(said)
}

const said = ({ reason, field, message }: { reason: string; field: string; message: string }) => `${reason} ${field}: ${message}`

test('a storage class deletes and binds at once, and keeps what it is', () => {
  const plain = { provisioner: 'example.com/fast' }
  assert.deepEqual(made(StorageClass, plain), { metadata, ...plain, reclaimPolicy: 'Delete', volumeBindingMode: 'Immediate' })
  assert.deepEqual(refused(StorageClass, plain), [])
  assert.deepEqual(
    refused(StorageClass, {
      provisioner: '',
      parameters: { '': 'x' },
      reclaimPolicy: 'Recycle',
      volumeBindingMode: 'Later',
      allowedTopologies: [
        { matchLabelExpressions: [{ key: 'zone', values: ['a', 'a'] }] },
        { matchLabelExpressions: [{ key: 'zone', values: ['a'] }] },
      ],
    }),
    [
      'FieldValueRequired provisioner: Required value',
      'FieldValueInvalid parameters: Invalid value: "": field can not be empty.',
      'FieldValueNotSupported reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      'FieldValueNotSupported volumeBindingMode: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
      'FieldValueDuplicate allowedTopologies[0].matchLabelExpressions[0].values[1]: Duplicate value: "a"',
      'FieldValueDuplicate allowedTopologies[1].matchLabelExpressions: Duplicate value: ""',
    ],
  )
  assert.deepEqual(
    changed(
      StorageClass,
      { provisioner: 'other', parameters: { a: 'b' }, reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' },
      plain,
    ),
    [
      'FieldValueForbidden parameters: Forbidden: updates to parameters are forbidden.',
      'FieldValueForbidden provisioner: Forbidden: updates to provisioner are forbidden.',
      'FieldValueForbidden reclaimPolicy: Forbidden: updates to reclaimPolicy are forbidden.',
      'FieldValueInvalid volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ],
  )
  assert.deepEqual(changed(StorageClass, { ...plain, allowVolumeExpansion: true, mountOptions: ['ro'] }, plain), [])
})

test('an attributes class needs parameters and never changes', () => {
  const gold = { driverName: 'csi.example.com', parameters: { iops: '1' } }
  assert.deepEqual(refused(VolumeAttributesClass, gold), [])
  assert.deepEqual(refused(VolumeAttributesClass, { driverName: 'a b' }), [
    `FieldValueInvalid driverName: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    'FieldValueRequired parameters: Required value: must contain at least one key/value pair',
  ])
  assert.deepEqual(changed(VolumeAttributesClass, { driverName: 'other', parameters: { iops: '2' } }, gold), [
    'FieldValueForbidden driverName: Forbidden: updates to driverName are forbidden.',
    'FieldValueForbidden parameters: Forbidden: updates to parameters are forbidden.',
  ])
})

test('a driver says everything once it is stored', () => {
  assert.deepEqual(made(CSIDriver, { spec: {} }).spec, {
    attachRequired: true,
    podInfoOnMount: false,
    storageCapacity: false,
    fsGroupPolicy: 'ReadWriteOnceWithFSType',
    volumeLifecycleModes: ['Persistent'],
    requiresRepublish: false,
    seLinuxMount: false,
  })
  assert.deepEqual(
    refused(CSIDriver, {
      spec: {
        fsGroupPolicy: 'Some',
        volumeLifecycleModes: ['Now'],
        nodeAllocatableUpdatePeriodSeconds: 9,
        tokenRequests: [{ audience: '' }, { audience: '' }, { audience: 'b', expirationSeconds: 10 }],
      },
    }),
    [
      'FieldValueNotSupported spec.fsGroupPolicy: Unsupported value: "Some": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      'FieldValueDuplicate spec.tokenRequests[1].audience: Duplicate value: ""',
      'FieldValueInvalid spec.tokenRequests[2].expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes',
      'FieldValueNotSupported spec.volumeLifecycleModes: Unsupported value: "Now": supported values: "Persistent", "Ephemeral"',
      'FieldValueInvalid spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
    ],
  )
  assert.deepEqual(
    changed(CSIDriver, { spec: { attachRequired: false, volumeLifecycleModes: ['Ephemeral'], podInfoOnMount: true } }, { spec: {} }),
    [
      'FieldValueInvalid spec.attachedRequired: Invalid value: false: field is immutable',
      'FieldValueInvalid spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
    ],
  )
})

test('drivers of a node are named once, and only their room may change', () => {
  const node = { spec: { drivers: [{ name: 'd', nodeID: 'n', topologyKeys: ['zone'] }] } }
  assert.deepEqual(refused(CSINode, node), [])
  assert.deepEqual(refused(CSINode, { spec: { drivers: [] } }), [])
  assert.deepEqual(
    refused(CSINode, {
      spec: {
        drivers: [
          { name: 'd', nodeID: '', allocatable: { count: -1 } },
          { name: 'd', nodeID: 'n', topologyKeys: ['a', 'a'] },
        ],
      },
    }),
    [
      'FieldValueRequired spec.drivers[0].nodeID: Required value',
      'FieldValueInvalid spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
      'FieldValueDuplicate spec.drivers[1].name: Duplicate value: "d"',
      'FieldValueDuplicate spec.drivers[1]: Duplicate value: "a"',
    ],
  )
  assert.deepEqual(changed(CSINode, { spec: { drivers: [{ ...node.spec.drivers[0], allocatable: { count: 3 } }] } }, node), [])
  assert.deepEqual(changed(CSINode, { spec: { drivers: [{ name: 'd', nodeID: 'other' }] } }, node), [
    'FieldValueInvalid spec.drivers: Invalid value: {"name":"d","nodeID":"other"}: field is immutable',
  ])
})

test('an attachment is of one volume on one node, for good', () => {
  const spec = { attacher: 'csi.example.com', nodeName: 'n', source: { persistentVolumeName: 'v' } }
  assert.deepEqual(refused(VolumeAttachment, { spec }), [])
  assert.deepEqual(refused(VolumeAttachment, { spec: { attacher: 'a b', nodeName: 'n' } }).length, 2)
  assert.deepEqual(refused(VolumeAttachment, { spec: { ...spec, source: {} } }), [
    'FieldValueRequired spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName',
  ])
  assert.deepEqual(
    refused(VolumeAttachment, {
      spec: { ...spec, source: { inlineVolumeSpec: { capacity: { storage: '1' }, nfs: { server: 's', path: '/' } } } },
    }),
    [
      'FieldValueForbidden spec.source.inlineVolumeSpec.capacity: Forbidden: may not be specified in the context of inline volumes',
      'FieldValueRequired spec.source.inlineVolumeSpec.csi: Required value: has to be specified in the context of inline volumes',
      'FieldValueRequired spec.source.inlineVolumeSpec.accessModes: Required value',
    ],
  )
  assert.deepEqual(changed(VolumeAttachment, { spec: { ...spec, nodeName: 'm' } }, { spec }), [
    'FieldValueInvalid spec: Invalid value: {"attacher":"csi.example.com","nodeName":"m","source":{"persistentVolumeName":"v"}}: field is immutable',
  ])
  assert.deepEqual(
    changed(
      VolumeAttachment,
      { spec, status: { attached: false, attachError: { message: 'x'.repeat(2000), errorCode: -1 } } },
      { spec },
      'status',
    ),
    [
      'FieldValueTooLong status.attachError.message: Too long: may not be more than 262144 bytes',
      'FieldValueInvalid status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ],
  )
})

test('room is told of a class and a place that stay the same', () => {
  const capacity = { storageClassName: 'fast', capacity: '1Gi' }
  assert.deepEqual(refused(CSIStorageCapacity, capacity), [])
  assert.deepEqual(refused(CSIStorageCapacity, { storageClassName: 'fast', capacity: '-1' }), [
    'FieldValueInvalid capacity: Invalid value: "-1": must be greater than or equal to 0',
  ])
  assert.deepEqual(changed(CSIStorageCapacity, { storageClassName: 'slow', capacity: '2Gi', nodeTopology: {} }, capacity), [
    'FieldValueInvalid nodeTopology: Invalid value: {}: field is immutable',
    'FieldValueInvalid storageClassName: Invalid value: "slow": field is immutable',
  ])
})
