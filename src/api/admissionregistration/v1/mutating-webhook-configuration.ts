/** Declares MutatingWebhookConfiguration (admissionregistration/v1). */

import { MatchCondition, RuleWithOperations } from './mutating-admission-policy.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bytes, int32, list, message, opt, req, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ServiceReference extends message('k8s.io.api.admissionregistration.v1.ServiceReference', {
  namespace: req(1, string),
  name: req(2, string),
  path: opt(3, string, { keepsZero: true }),
  port: opt(4, int32(), { keepsZero: true }),
}) {}

export class WebhookClientConfig extends message('k8s.io.api.admissionregistration.v1.WebhookClientConfig', {
  url: opt(3, string, { keepsZero: true }),
  service: opt(1, ServiceReference),
  caBundle: opt(2, bytes),
}) {}

export class MutatingWebhook extends message('k8s.io.api.admissionregistration.v1.MutatingWebhook', {
  name: req(1, string),
  clientConfig: req(2, WebhookClientConfig),
  rules: opt(3, list(RuleWithOperations, { listType: 'atomic' })),
  failurePolicy: opt(4, string, { keepsZero: true }),
  matchPolicy: opt(9, string, { keepsZero: true }),
  namespaceSelector: opt(5, LabelSelector, { mapType: 'atomic' }),
  objectSelector: opt(11, LabelSelector, { mapType: 'atomic' }),
  sideEffects: req(6, string, { keepsZero: true }),
  timeoutSeconds: opt(7, int32(), { keepsZero: true }),
  admissionReviewVersions: req(8, list(string, { listType: 'atomic' })),
  reinvocationPolicy: opt(10, string, { keepsZero: true }),
  matchConditions: opt(12, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
}) {}

export class MutatingWebhookConfiguration extends object('k8s.io.api.admissionregistration.v1.MutatingWebhookConfiguration', {
  metadata: val(1, ObjectMeta),
  webhooks: opt(2, list(MutatingWebhook, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } })),
}) {}

export const mutatingWebhookConfigurations = resource(MutatingWebhookConfiguration, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  scope: 'Cluster',
  categories: ['api-extensions'],
})
