/** Devices: what is added to claims, what of claims, classes and slices is refused, and how a claim's status may change. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimErrors, templateErrors } from './claim-rules.ts'
import { DeviceClass } from './device-class.ts'
import { ResourceClaimTemplate } from './resource-claim-template.ts'
import { ResourceClaim } from './resource-claim.ts'
import { ResourceSlice } from './resource-slice.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes, type FieldError } from '#schema/field-error.ts'
import type { MessageClass } from '#schema/message.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

function made<T>(type: MessageClass<T>, object: object): T {
  const metadata = { name: 'a', ...(type.schema.name.includes('Claim') && { namespace: 'n' }) }
  return withDefaults(type.schema, decode(type.schema, { metadata, ...object }).value) as unknown as T
}

const said = (errors: readonly FieldError[]) => causes(errors).map(({ reason, field, message }) => `${reason} ${field}: ${message}`)
const short = (lines: readonly string[]) =>
  lines.map((line) => line.replace(/(: a lowercase RFC 1123 label|: a valid C identifier|: a valid label).*/, '$1'))
const claim = (devices: object, status: object = {}) => made(ResourceClaim, { spec: { devices }, status })
const refusedClaim = (devices: object) => short(said(claimErrors(claim(devices))))

const one = { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com' } }] }
const CLASS = { deviceClassName: 'c', allocationMode: 'ExactCount', count: 1 }
const REFERENCE = "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"

test('a request is for one device, and a toleration compares', () => {
  const tolerations = [{ key: 'k', value: 'v' }]
  assert.deepEqual(claim({ requests: [{ name: 'a', exactly: { deviceClassName: 'c', tolerations } }] }).spec, {
    devices: { requests: [{ name: 'a', exactly: { ...CLASS, tolerations: [{ key: 'k', value: 'v', operator: 'Equal' }] } }] },
  })
  assert.deepEqual(claim({ requests: [{ name: 'a', firstAvailable: [{ name: 'b', deviceClassName: 'c' }] }] }).spec, {
    devices: { requests: [{ name: 'a', firstAvailable: [{ name: 'b', ...CLASS }] }] },
  })
  assert.deepEqual(refusedClaim(one), [])
})

test('a claim that contradicts itself is refused', () => {
  assert.deepEqual(
    refusedClaim({
      requests: [
        { name: 'A' },
        { name: 'b', exactly: { deviceClassName: 'c', allocationMode: 'All', count: 2, selectors: [{}] } },
        { name: 'b', exactly: { deviceClassName: 'c', count: -1, tolerations: [{ operator: 'Exists', value: 'v', effect: 'Maybe' }] } },
        { name: 'd', exactly: { deviceClassName: 'c', allocationMode: 'Some' }, firstAvailable: [{ name: 'e', deviceClassName: 'c' }] },
      ],
      constraints: [{ requests: ['b/x', 'z', 'b', 'b'], matchAttribute: 'model' }, {}],
      config: [{ requests: ['a/b/c'] }],
    }),
    [
      'FieldValueInvalid spec.devices.requests[0].name: Invalid value: "A": a lowercase RFC 1123 label',
      'FieldValueRequired spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
      'FieldValueRequired spec.devices.requests[1].exactly.selectors[0].cel: Required value',
      "FieldValueInvalid spec.devices.requests[1].exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'",
      'FieldValueInvalid spec.devices.requests[2].exactly.count: Invalid value: -1: must be greater than zero',
      'FieldValueInvalid spec.devices.requests[2].exactly.tolerations[0].value: Invalid value: "v": must be empty for operator `Exists`',
      'FieldValueNotSupported spec.devices.requests[2].exactly.tolerations[0].effect: Unsupported value: "Maybe": supported values: "NoExecute", "NoSchedule", "None"',
      'FieldValueInvalid spec.devices.requests[3]: Invalid value: null: exactly one of `exactly` or `firstAvailable` is required, but multiple fields are set',
      'FieldValueDuplicate spec.devices.requests[2]: Duplicate value: "b"',
      `FieldValueInvalid spec.devices.constraints[0].requests[0]: Invalid value: "b/x": ${REFERENCE}`,
      `FieldValueInvalid spec.devices.constraints[0].requests[1]: Invalid value: "z": ${REFERENCE}`,
      'FieldValueDuplicate spec.devices.constraints[0].requests[3]: Duplicate value: "b"',
      'FieldValueInvalid spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
      'FieldValueRequired spec.devices.constraints[1]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
      `FieldValueInvalid spec.devices.config[0].requests[0]: Invalid value: "a/b/c": ${REFERENCE}`,
      'FieldValueRequired spec.devices.config[0].opaque: Required value',
    ],
  )
  assert.deepEqual(refusedClaim({ requests: Array.from({ length: 33 }, (_, i) => ({ ...one.requests[0], name: `r${i}` })) }), [
    'FieldValueTooMany spec.devices.requests: Too many: 33: must have at most 32 items',
  ])
})

test('what is wanted never changes, in claims and templates', () => {
  const update = (type: MessageClass<object>, now: object, old: object) => said(validateUpdate(type.schema, now, old, ''))
  assert.deepEqual(update(ResourceClaim, claim(one), claim(one)), [])
  assert.deepEqual(update(ResourceClaim, claim({}), claim(one)), [
    'FieldValueInvalid spec: Invalid value: {"devices":{}}: field is immutable',
  ])
  const template = (devices: object) => made(ResourceClaimTemplate, { spec: { spec: { devices } } })
  assert.deepEqual(said(templateErrors(template({ requests: [{ name: 'a' }] }))), [
    'FieldValueRequired spec.spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required',
  ])
  assert.deepEqual(update(ResourceClaimTemplate, template({}), template(one)).length, 1)
})

const result = { request: 'gpu', driver: 'd.example.com', pool: 'p', device: 'x' }
const statusChange = (now: object, old: object = {}) =>
  short(said(validateUpdate(ResourceClaim.schema, claim(one, now), claim(one, old), 'status')))

test('a claim is given devices once, and used by those who may', () => {
  const allocation = { devices: { results: [result] } }
  const user = { resource: 'pods', name: 'p', uid: 'u' }
  const device = { driver: 'd.example.com', pool: 'p', device: 'x' }
  assert.deepEqual(statusChange({ allocation, reservedFor: [user], devices: [device] }), [])
  assert.deepEqual(statusChange({ reservedFor: [user, user] }), [
    'FieldValueDuplicate status.reservedFor[1]: Duplicate value: "u"',
    'FieldValueForbidden status.reservedFor: Forbidden: may not be specified when `allocated` is not set',
  ])
  assert.deepEqual(statusChange({ allocation: { devices: { results: [{ ...result, device: 'y' }] } } }, { allocation }), [
    'FieldValueInvalid status.allocation: Invalid value: {"devices":{"results":[{"request":"gpu","driver":"d.example.com","pool":"p","device":"y"}]}}: field is immutable',
  ])
  assert.deepEqual(
    statusChange({
      allocation: { devices: { results: [{ ...result, request: 'other', pool: '', shareID: 'x', bindingConditions: ['a'] }] } },
      devices: [{ ...device, device: 'y', networkData: { ips: ['1.2.3.4'] } }],
    }),
    [
      'FieldValueInvalid status.devices[0]: Invalid value: "d.example.com/p/y": must be an allocated device in the claim',
      'FieldValueInvalid status.devices[0].networkData.ips[0]: Invalid value: "1.2.3.4": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
      `FieldValueInvalid status.allocation.devices.results[0].request: Invalid value: "other": ${REFERENCE}`,
      'FieldValueRequired status.allocation.devices.results[0].pool: Required value',
      'FieldValueInvalid status.allocation.devices.results[0].bindingFailureConditions: Invalid value: []: bindingFailureConditions are required to use bindingConditions',
      'FieldValueInvalid status.allocation.devices.results[0].shareID: Invalid value: "x": error validating uid: invalid UUID length: 1',
    ],
  )
})

test('a class selects, and stands for a resource that is no standard one', () => {
  assert.deepEqual(said(validate(DeviceClass.schema, made(DeviceClass, { spec: {} }))), [])
  assert.deepEqual(
    said(validate(DeviceClass.schema, made(DeviceClass, { spec: { selectors: [{}], extendedResourceName: 'cpu', config: [{}] } }))),
    [
      'FieldValueRequired spec.selectors[0].cel: Required value',
      'FieldValueRequired spec.config[0].opaque: Required value',
      'FieldValueInvalid spec.extendedResourceName: Invalid value: "cpu": must be a valid extended resource name',
    ],
  )
})

const slice = (spec: object) =>
  made(ResourceSlice, {
    spec: { driver: 'd.example.com', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, ...spec },
  })
const refusedSlice = (spec: object) => short(said(validate(ResourceSlice.schema, slice(spec))))

test('a slice says one way who can use its devices', () => {
  assert.deepEqual(
    refusedSlice({ devices: [{ name: 'x', attributes: { model: { string: 'a' } }, capacity: { memory: { value: '1Gi' } } }] }),
    [],
  )
  const how = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  assert.deepEqual(refusedSlice({ nodeName: undefined }), [`FieldValueRequired spec: Required value: ${how}`])
  assert.deepEqual(
    refusedSlice({ allNodes: true, perDeviceNodeSelection: false, pool: { name: '', resourceSliceCount: 0, generation: -1 } }),
    [
      'FieldValueRequired spec.pool.name: Required value',
      'FieldValueInvalid spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
      'FieldValueInvalid spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
      'FieldValueInvalid spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true',
      `FieldValueInvalid spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${how}, but multiple fields are set`,
    ],
  )
  assert.deepEqual(said(validateUpdate(ResourceSlice.schema, slice({ nodeName: 'm', driver: 'e' }), slice({}), '')), [
    'FieldValueInvalid spec.driver: Invalid value: "e": field is immutable',
    'FieldValueInvalid spec.nodeName: Invalid value: "m": field is immutable',
  ])
})

test('a device has sensible facts, amounts and taints', () => {
  const devices = [
    {
      name: 'x',
      attributes: { 'a b': { string: 'v' }, two: { string: 'a', int: 1 }, none: {}, version: { version: '1.2' } },
      capacity: { memory: { value: '1Gi', requestPolicy: { default: '1Mi' } } },
      taints: [{ key: 'k', effect: 'Maybe' }],
      nodeName: 'n',
    },
    {
      name: 'x',
      allowMultipleAllocations: true,
      capacity: { memory: { value: '10', requestPolicy: { default: '3', validValues: ['2', '1', '20'] } } },
    },
    {
      name: 'y',
      allowMultipleAllocations: true,
      capacity: { memory: { value: '10', requestPolicy: { default: '4', validRange: { min: '1', max: '20', step: '2' } } } },
    },
  ]
  const at = 'spec.devices'
  assert.deepEqual(refusedSlice({ devices }), [
    `FieldValueInvalid ${at}[0].attributes[a b]: Invalid value: "a b": a valid C identifier`,
    `FieldValueInvalid ${at}[0].attributes[two]: Invalid value: {"string":"a","int":1}: exactly one value must be specified`,
    `FieldValueInvalid ${at}[0].attributes[none]: Invalid value: "": exactly one value must be specified`,
    `FieldValueInvalid ${at}[0].attributes[version].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0`,
    `FieldValueForbidden ${at}[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true`,
    `FieldValueNotSupported ${at}[0].taints[0].effect: Unsupported value: "Maybe": supported values: "NoExecute", "NoSchedule", "None"`,
    `FieldValueInvalid ${at}[0]: Invalid value: null: \`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if \`perDeviceNodeSelection\` is set to true in the ResourceSlice spec`,
    `FieldValueInvalid ${at}[1].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1": values must be sorted in ascending order`,
    `FieldValueInvalid ${at}[1].capacity[memory].requestPolicy.validValues[2]: Invalid value: "20": option is larger than capacity value: 10`,
    `FieldValueInvalid ${at}[1].capacity[memory].requestPolicy.validValues: Invalid value: "3": default value is not valid according to the requestPolicy`,
    `FieldValueInvalid ${at}[2].capacity[memory].requestPolicy.validRange.max: Invalid value: "20": max is larger than capacity value: 10`,
    `FieldValueInvalid ${at}[2].capacity[memory].requestPolicy.validRange.step: Invalid value: "4": value is not a multiple of a given step (2) from (1)`,
    `FieldValueInvalid ${at}[2].capacity[memory].requestPolicy.validRange.step: Invalid value: "20": value is not a multiple of a given step (2) from (1)`,
    `FieldValueDuplicate ${at}[1]: Duplicate value: "x"`,
  ])
})
