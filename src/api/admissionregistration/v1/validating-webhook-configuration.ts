/** Declares ValidatingWebhookConfiguration (admissionregistration/v1). */

import { MatchCondition, RuleWithOperations } from './mutating-admission-policy.ts'
import { WebhookClientConfig } from './mutating-webhook-configuration.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ValidatingWebhook extends message('k8s.io.api.admissionregistration.v1.ValidatingWebhook', {
  name: req(1, string),
  clientConfig: req(2, WebhookClientConfig),
  rules: opt(3, list(RuleWithOperations, { listType: 'atomic' })),
  failurePolicy: opt(4, string, { keepsZero: true }),
  matchPolicy: opt(9, string, { keepsZero: true }),
  namespaceSelector: opt(5, LabelSelector, { mapType: 'atomic' }),
  objectSelector: opt(10, LabelSelector, { mapType: 'atomic' }),
  sideEffects: req(6, string, { keepsZero: true }),
  timeoutSeconds: opt(7, int32(), { keepsZero: true }),
  admissionReviewVersions: req(8, list(string, { listType: 'atomic' })),
  matchConditions: opt(11, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
}) {}

export class ValidatingWebhookConfiguration extends object('k8s.io.api.admissionregistration.v1.ValidatingWebhookConfiguration', {
  metadata: val(1, ObjectMeta),
  webhooks: opt(2, list(ValidatingWebhook, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
}) {}

export const validatingWebhookConfigurations = resource(ValidatingWebhookConfiguration, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  scope: 'Cluster',
  categories: ['api-extensions'],
})
