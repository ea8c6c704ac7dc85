/** Webhooks and admission policies: what is added, what is refused, what old ones may keep. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MutatingAdmissionPolicyBinding } from './mutating-admission-policy-binding.ts'
import { MutatingAdmissionPolicy } from './mutating-admission-policy.ts'
import { MutatingWebhookConfiguration } from './mutating-webhook-configuration.ts'
import { ValidatingAdmissionPolicyBinding } from './validating-admission-policy-binding.ts'
import { ValidatingAdmissionPolicy } from './validating-admission-policy.ts'
import { ValidatingWebhookConfiguration } from './validating-webhook-configuration.ts'
import { webhooksErrors } from './webhook-rules.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes } from '#schema/field-error.ts'
import type { MessageClass } from '#schema/message.ts'
import { validate, validateUpdate } from '#schema/validate.ts'

function made<T>(type: MessageClass<T>, object: object): T {
  return withDefaults(type.schema, decode(type.schema, { metadata: { name: 'a' }, ...object }).value) as unknown as T
}

function refused<T>(type: MessageClass<T>, object: object) {
  return causes(validate(type.schema, made(type, object))).map(said)
}

const said = ({ reason, field, message }: { reason: string; field: string; message: string }) => `${reason} ${field}: ${message}`

const rule = { operations: ['CREATE'], apiGroups: [''], apiVersions: ['v1'], resources: ['pods'] }
const hook = {
  name: 'a.example.com',
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
  clientConfig: { service: { namespace: 'n', name: 's' } },
  rules: [rule],
}
const selectors = { matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} }

const refusedHooks = (webhooks: readonly object[]) => causes(webhooksErrors(made(ValidatingWebhookConfiguration, { webhooks }))).map(said)

test('a webhook is asked about everything it matches, and its failure is a refusal', () => {
  const whole = {
    ...hook,
    clientConfig: { service: { namespace: 'n', name: 's', port: 443 } },
    rules: [{ ...rule, scope: '*' }],
    failurePolicy: 'Fail',
    ...selectors,
    timeoutSeconds: 10,
  }
  assert.deepEqual(made(ValidatingWebhookConfiguration, { webhooks: [hook] }).webhooks, [whole])
  assert.deepEqual(made(MutatingWebhookConfiguration, { webhooks: [hook] }).webhooks, [{ ...whole, reinvocationPolicy: 'Never' }])
  assert.deepEqual(refusedHooks([hook]), [])
})

test('a webhook without a name, an address or a version is refused', () => {
  assert.deepEqual(refusedHooks([{}]), [
    'FieldValueRequired webhooks[0].name: Required value',
    'FieldValueRequired webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun',
    'FieldValueRequired webhooks[0].clientConfig: Required value: exactly one of url or service is required',
    'FieldValueRequired webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1',
  ])
  const odd = {
    ...hook,
    name: 'short.name',
    sideEffects: 'Some',
    timeoutSeconds: 31,
    admissionReviewVersions: ['v2', 'v2'],
    clientConfig: { url: 'http://user@/x?q#f' },
    rules: [{ operations: ['*', 'LOOK'], apiGroups: [], apiVersions: [''], resources: ['a/*', 'a/b', '*', 'c'], scope: 'Some' }],
    matchConditions: [
      { name: 'm', expression: ' ' },
      { name: 'm', expression: 'true' },
    ],
  }
  const form = '; desired format: https://host[/path]'
  assert.deepEqual(refusedHooks([odd]), [
    'FieldValueInvalid webhooks[0].name: Invalid value: "short.name": should be a domain with at least three segments separated by dots',
    `FieldValueInvalid webhooks[0].rules[0].operations: Invalid value: ["*","LOOK"]: if '*' is present, must not specify other operations`,
    'FieldValueNotSupported webhooks[0].rules[0].operations[1]: Unsupported value: "LOOK": supported values: "*", "CONNECT", "CREATE", "DELETE", "UPDATE"',
    'FieldValueRequired webhooks[0].rules[0].apiGroups: Required value',
    'FieldValueRequired webhooks[0].rules[0].apiVersions[0]: Required value',
    `FieldValueInvalid webhooks[0].rules[0].resources[1]: Invalid value: "a/b": if 'a/*' is present, must not specify a/b`,
    `FieldValueInvalid webhooks[0].rules[0].resources: Invalid value: ["a/*","a/b","*","c"]: if '*' is present, must not specify other resources without subresources`,
    'FieldValueNotSupported webhooks[0].rules[0].scope: Unsupported value: "Some": supported values: "*", "Cluster", "Namespaced"',
    'FieldValueNotSupported webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    'FieldValueInvalid webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
    `FieldValueInvalid webhooks[0].clientConfig.url: Invalid value: "http": 'https' is the only allowed URL scheme${form}`,
    `FieldValueInvalid webhooks[0].clientConfig.url: Invalid value: "": host must be specified${form}`,
    `FieldValueInvalid webhooks[0].clientConfig.url: Invalid value: "user": user information is not permitted in the URL${form}`,
    `FieldValueInvalid webhooks[0].clientConfig.url: Invalid value: "f": fragments are not permitted in the URL${form}`,
    `FieldValueInvalid webhooks[0].clientConfig.url: Invalid value: "q": query parameters are not permitted in the URL${form}`,
    'FieldValueRequired webhooks[0].matchConditions[0].expression: Required value',
    'FieldValueDuplicate webhooks[0].matchConditions[1].name: Duplicate value: "m"',
    'FieldValueInvalid webhooks[0].admissionReviewVersions[1]: Invalid value: "v2": duplicate version',
    'FieldValueInvalid webhooks[0].admissionReviewVersions: Invalid value: ["v2","v2"]: must include at least one of v1, v1beta1',
  ])
  assert.deepEqual(refusedHooks([hook, hook]), ['FieldValueDuplicate webhooks[1].name: Duplicate value: "a.example.com"'])
  const service = { namespace: 'n', name: 's', port: 0, path: 'x//Y' }
  assert.deepEqual(
    refusedHooks([{ ...hook, clientConfig: { service } }]).map((line) => line.slice(0, 110)),
    [
      'FieldValueInvalid webhooks[0].clientConfig.service.port: Invalid value: 0: port is not valid: must be between 1 and 65535, inclusive',
      `FieldValueInvalid webhooks[0].clientConfig.service.path: Invalid value: "x//Y": must start with a '/'`,
      'FieldValueInvalid webhooks[0].clientConfig.service.path: Invalid value: "x//Y": segment[0] may not be empty',
      'FieldValueInvalid webhooks[0].clientConfig.service.path: Invalid value: "x//Y": segment[1] may not be empty',
      'FieldValueInvalid webhooks[0].clientConfig.service.path: Invalid value: "x//Y": segment[2]: a lowercase RFC 1123 subdomain',
    ].map((line) => line.slice(0, 110)),
  )
})

test('an old configuration may stay as lax as it was', () => {
  const lax = { webhooks: [{ ...hook, sideEffects: 'Some', admissionReviewVersions: ['v9'] }] }
  const update = (now: object, old: object) =>
    causes(
      validateUpdate(
        ValidatingWebhookConfiguration.schema,
        made(ValidatingWebhookConfiguration, now),
        made(ValidatingWebhookConfiguration, old),
        '',
      ),
    ).map(said)
  assert.deepEqual(update(lax, lax), [])
  assert.deepEqual(update(lax, { webhooks: [hook] }), [
    'FieldValueNotSupported webhooks[0].sideEffects: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
    'FieldValueInvalid webhooks[0].admissionReviewVersions: Invalid value: ["v9"]: must include at least one of v1, v1beta1',
  ])
})

const matchConstraints = { resourceRules: [rule] }

test('a policy fails closed and matches everywhere', () => {
  const match = { ...selectors, resourceRules: [{ ...rule, scope: '*' }] }
  const policy = { matchConstraints, validations: [{ expression: 'true' }] }
  assert.deepEqual(made(ValidatingAdmissionPolicy, { spec: policy }).spec, { ...policy, matchConstraints: match, failurePolicy: 'Fail' })
  assert.deepEqual(refused(ValidatingAdmissionPolicy, { spec: policy }), [])
  const mutating = {
    matchConstraints,
    mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression: '[]' } }],
    reinvocationPolicy: 'Never',
  }
  assert.deepEqual(made(MutatingAdmissionPolicy, { spec: mutating }).spec, { ...mutating, matchConstraints: match, failurePolicy: 'Fail' })
  assert.deepEqual(refused(MutatingAdmissionPolicy, { spec: mutating }), [])
})

test('a validating policy that demands nothing, or badly, is refused', () => {
  assert.deepEqual(refused(ValidatingAdmissionPolicy, { spec: {} }), [
    'FieldValueRequired spec.matchConstraints: Required value',
    'FieldValueRequired spec.validations: Required value: validations or auditAnnotations must contain at least one item',
    'FieldValueRequired spec.auditAnnotations: Required value: validations or auditAnnotations must contain at least one item',
  ])
  assert.deepEqual(
    refused(ValidatingAdmissionPolicy, {
      spec: {
        failurePolicy: 'Shrug',
        paramKind: { apiVersion: 'a/b/c' },
        matchConstraints: { matchPolicy: 'Near', resourceRules: [{ ...rule, resourceNames: ['a', 'a', 'b/c'] }] },
        variables: [{ name: 'in', expression: '' }],
        validations: [{ expression: '', message: 'a\nb', messageExpression: ' ', reason: 'Gone' }],
        auditAnnotations: [
          { key: 'k', valueExpression: '' },
          { key: 'k', valueExpression: 'x' },
        ],
      },
    }),
    [
      'FieldValueNotSupported spec.failurePolicy: Unsupported value: "Shrug": supported values: "Fail", "Ignore"',
      'FieldValueInvalid spec.paramKind.apiVersion: Invalid value: "a/b/c": unexpected GroupVersion string: a/b/c',
      'FieldValueRequired spec.paramKind.kind: Required value',
      'FieldValueNotSupported spec.matchConstraints.matchPolicy: Unsupported value: "Near": supported values: "Equivalent", "Exact"',
      'FieldValueDuplicate spec.matchConstraints.resourceRules[0].resourceNames[1]: Duplicate value: "a"',
      `FieldValueInvalid spec.matchConstraints.resourceRules[0].resourceNames[2]: Invalid value: "b/c": may not contain '/'`,
      'FieldValueInvalid spec.variables[0].name: Invalid value: "in": name is not a valid CEL identifier',
      'FieldValueRequired spec.variables[0].expression: Required value: expression is not specified',
      'FieldValueRequired spec.validations[0].expression: Required value: expression is not specified',
      'FieldValueInvalid spec.validations[0].messageExpression: Invalid value: " ": must be non-empty if specified',
      'FieldValueInvalid spec.validations[0].message: Invalid value: "a\\nb": message must not contain line breaks',
      'FieldValueNotSupported spec.validations[0].reason: Unsupported value: "Gone": supported values: "Forbidden", "Invalid", "RequestEntityTooLarge"',
      'FieldValueRequired spec.auditAnnotations[0].valueExpression: Required value: valueExpression is not specified',
      'FieldValueDuplicate spec.auditAnnotations[1].key: Duplicate value: "k"',
    ],
  )
})

test('a mutating policy changes something that is still there', () => {
  const spec = {
    matchConstraints: { resourceRules: [{ ...rule, operations: ['DELETE'] }] },
    mutations: [{ patchType: 'Wish' }, { patchType: 'JSONPatch', applyConfiguration: { expression: 'x' } }],
  }
  assert.deepEqual(refused(MutatingAdmissionPolicy, { spec }), [
    'FieldValueNotSupported spec.matchConstraints.resourceRules.operations: Unsupported value: "DELETE": supported values: "*", "CONNECT", "CREATE", "UPDATE"',
    'FieldValueNotSupported spec.mutations[0].patchType: Unsupported value: "Wish": supported values: "ApplyConfiguration", "JSONPatch"',
    'FieldValueInvalid spec.mutations[1].applyConfiguration: Invalid value: "{applyConfiguration}": must not be specified when patchType is JSONPatch',
    'FieldValueRequired spec.mutations[1].jsonPatch: Required value: must be specified when patchType is JSONPatch',
    'FieldValueRequired spec.reinvocationPolicy: Required value',
  ])
})

test('a binding names a policy, its parameters and what a failure does', () => {
  const spec = { policyName: 'p', validationActions: ['Deny', 'Warn', 'Warn', 'Shout'], paramRef: { name: 'a', selector: {} } }
  const both =
    'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'
  assert.deepEqual(refused(ValidatingAdmissionPolicyBinding, { spec }), [
    'FieldValueForbidden spec.paramRef.name: Forbidden: name and selector are mutually exclusive',
    'FieldValueForbidden spec.paramRef.selector: Forbidden: name and selector are mutually exclusive',
    'FieldValueRequired spec.paramRef.parameterNotFoundAction: Required value',
    'FieldValueDuplicate spec.validationActions[2]: Duplicate value: "Warn"',
    'FieldValueNotSupported spec.validationActions[3]: Unsupported value: "Shout": supported values: "Audit", "Deny", "Warn"',
    `FieldValueInvalid spec.validationActions: Invalid value: ["Deny","Warn","Warn","Shout"]: ${both}`,
  ])
  assert.deepEqual(refused(ValidatingAdmissionPolicyBinding, { spec: { policyName: 'p', validationActions: [] } }), [
    'FieldValueRequired spec.validationActions: Required value: at least one validation action is required',
  ])
  assert.deepEqual(refused(MutatingAdmissionPolicyBinding, { spec: { paramRef: { parameterNotFoundAction: 'Guess' } } }), [
    'FieldValueRequired spec.policyName: Required value',
    'FieldValueRequired spec.paramRef: Required value: one of name or selector must be specified',
    'FieldValueNotSupported spec.paramRef.parameterNotFoundAction: Unsupported value: "Guess": supported values: "Deny", "Allow"',
  ])
})
