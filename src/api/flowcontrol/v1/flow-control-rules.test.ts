/** Flow schemas and priority levels: what is added and what is refused. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FlowSchema } from './flow-schema.ts'
import { mandatoryLevels, mandatorySchemas } from './mandatory.ts'
import { PriorityLevelConfiguration } from './priority-level-configuration.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes } from '#schema/field-error.ts'
import type { MessageClass } from '#schema/message.ts'
import { validate } from '#schema/validate.ts'

function made<T>(type: MessageClass<T>, object: object): T {
  return withDefaults(type.schema, decode(type.schema, { metadata: { name: 'a' }, ...object }).value) as unknown as T
}

function refused<T>(type: MessageClass<T>, object: object) {
  return causes(validate(type.schema, made(type, object))).map(said)
}

const said = ({ reason, field, message }: { reason: string; field: string; message: string }) => `${reason} ${field}: ${message}`

const level = { priorityLevelConfiguration: { name: 'l' } }

test('a schema matches in the middle, and a level has queues and a share', () => {
  assert.deepEqual(made(FlowSchema, { spec: level }), { metadata: { name: 'a' }, spec: { ...level, matchingPrecedence: 1000 }, status: {} })
  assert.deepEqual(
    made(PriorityLevelConfiguration, { spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: {} } } } }).spec,
    {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 30,
        lendablePercent: 0,
        limitResponse: { type: 'Queue', queuing: { queues: 64, handSize: 8, queueLengthLimit: 50 } },
      },
    },
  )
  assert.deepEqual(made(PriorityLevelConfiguration, { spec: { type: 'Exempt', exempt: {} } }).spec, {
    type: 'Exempt',
    exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 },
  })
})

test('a schema without a level, with odd subjects and rules, is refused', () => {
  assert.deepEqual(
    refused(FlowSchema, {
      spec: {
        matchingPrecedence: 1,
        distinguisherMethod: { type: 'ByMood' },
        rules: [
          { subjects: [] },
          {
            subjects: [
              { kind: 'Robot' },
              { kind: 'ServiceAccount', serviceAccount: { name: 'a', namespace: '' }, user: { name: 'u' } },
              { kind: 'User' },
            ],
            resourceRules: [
              { verbs: ['*', 'get'], apiGroups: ['*', ''], resources: [] },
              { verbs: ['look'], apiGroups: [''], resources: ['pods'], namespaces: ['A'] },
            ],
            nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['healthz', '/a b', '/a//b', '/*/b', '/ok/*', '/'] }],
          },
        ],
      },
    }).map((line) => line.replace(/ \(e\.g\. .*/, '')),
    [
      "FieldValueInvalid spec.matchingPrecedence: Invalid value: 1: only the schema named 'exempt' may have matchingPrecedence 1",
      'FieldValueNotSupported spec.distinguisherMethod.type: Unsupported value: {"Type":"ByMood"}: supported values: "ByNamespace", "ByUser"',
      'FieldValueRequired spec.priorityLevelConfiguration.name: Required value: must reference a priority level',
      'FieldValueRequired spec.rules[0].subjects: Required value: subjects must contain at least one value',
      'FieldValueRequired spec.rules[0]: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
      'FieldValueNotSupported spec.rules[1].subjects[0].kind: Unsupported value: "Robot": supported values: "Group", "ServiceAccount", "User"',
      'FieldValueRequired spec.rules[1].subjects[1].serviceAccount.namespace: Required value: must specify namespace for service account',
      "FieldValueForbidden spec.rules[1].subjects[1].user: Forbidden: user is forbidden when subject kind is not 'User'",
      "FieldValueRequired spec.rules[1].subjects[2].user: Required value: user is required when subject kind is 'User'",
      `FieldValueInvalid spec.rules[1].resourceRules[0].verbs: Invalid value: ["*","get"]: if '*' is present, must not specify other verbs`,
      `FieldValueInvalid spec.rules[1].resourceRules[0].apiGroups: Invalid value: ["*",""]: if '*' is present, must not specify other api groups`,
      'FieldValueRequired spec.rules[1].resourceRules[0].resources: Required value: resource rules must supply at least one resource',
      'FieldValueRequired spec.rules[1].resourceRules[0].namespaces: Required value: resource rules that are not cluster scoped must supply at least one namespace',
      'FieldValueNotSupported spec.rules[1].resourceRules[1].verbs: Unsupported value: ["look"]: supported values: "create", "delete", "deletecollection", "get", "list", "patch", "proxy", "update", "watch"',
      `FieldValueInvalid spec.rules[1].resourceRules[1].namespaces[0]: Invalid value: "A": each member of this list must be '*' or a DNS-1123 label; a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character`,
      'FieldValueInvalid spec.rules[1].nonResourceRules[0].nonResourceURLs[0]: Invalid value: "healthz": must start with slash',
      'FieldValueInvalid spec.rules[1].nonResourceRules[0].nonResourceURLs[1]: Invalid value: "/a b": must not contain white-space',
      'FieldValueInvalid spec.rules[1].nonResourceRules[0].nonResourceURLs[2]: Invalid value: "/a//b": must not contain double slash',
      'FieldValueInvalid spec.rules[1].nonResourceRules[0].nonResourceURLs[3]: Invalid value: "/*/b": wildcard can only do suffix matching',
    ],
  )
})

test('a level is limited or exempt, and its hand is dealt from few enough queues', () => {
  const queuing = (queues: number, handSize: number) => ({
    spec: { type: 'Limited', limited: { limitResponse: { type: 'Queue', queuing: { queues, handSize } } } },
  })
  const at = 'spec.limited.limitResponse'
  assert.deepEqual(refused(PriorityLevelConfiguration, queuing(4, 5)), [
    `FieldValueInvalid ${at}.queuing.handSize: Invalid value: 5: should not be greater than queues (4)`,
  ])
  assert.deepEqual(refused(PriorityLevelConfiguration, queuing(1024, 7)), [
    `FieldValueInvalid ${at}.queuing.handSize: Invalid value: 7: required entropy bits of deckSize 1024 and handSize 7 should not be greater than 60`,
  ])
  assert.deepEqual(refused(PriorityLevelConfiguration, { spec: { type: 'Exempt' } }), [
    `FieldValueInvalid spec.type: Invalid value: "Exempt": type must be 'Exempt' if and only if name is 'exempt'`,
  ])
  assert.deepEqual(refused(PriorityLevelConfiguration, { spec: { type: 'Limited', exempt: {} } }), [
    'FieldValueForbidden spec.exempt: Forbidden: must be nil if the type is Limited',
    'FieldValueRequired spec.limited: Required value: must not be empty when type is Limited',
  ])
  assert.deepEqual(
    refused(PriorityLevelConfiguration, {
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: -1, lendablePercent: 101, borrowingLimitPercent: -1 } },
    }),
    [
      'FieldValueInvalid spec.limited.nominalConcurrencyShares: Invalid value: -1: must be a non-negative integer',
      `FieldValueNotSupported ${at}.type: Unsupported value: "": supported values: "Queue", "Reject"`,
      'FieldValueInvalid spec.limited.lendablePercent: Invalid value: 101: must be between 0 and 100, inclusive',
      'FieldValueInvalid spec.limited.borrowingLimitPercent: Invalid value: -1: if specified, must be a non-negative integer',
    ],
  )
})

test('what is mandatory is valid and stays as it is', () => {
  for (const [name, spec] of Object.entries(mandatorySchemas)) {
    assert.deepEqual(refused(FlowSchema, { metadata: { name }, spec }), [])
    assert.match(
      refused(FlowSchema, { metadata: { name }, spec: { ...spec, rules: [] } }).join(),
      new RegExp(`spec of '${name}' must equal the fixed value$`),
    )
  }
  for (const [name, spec] of Object.entries(mandatoryLevels))
    assert.deepEqual(refused(PriorityLevelConfiguration, { metadata: { name }, spec }), [])
  const lending = { type: 'Exempt', exempt: { nominalConcurrencyShares: 5, lendablePercent: 50 } }
  assert.deepEqual(refused(PriorityLevelConfiguration, { metadata: { name: 'exempt' }, spec: lending }), [])
})
