/** Declares MutatingWebhookConfiguration (admissionregistration/v1). */

import { MatchCondition, RuleWithOperations } from './mutating-admission-policy.ts'
import { webhookDefaults, webhooksUpdateErrors } from './webhook-rules.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bytes, int32, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class ServiceReference extends message(
  'k8s.io.api.admissionregistration.v1.ServiceReference',
  {
    namespace: req(1, string, { doc: 'Namespace of the Service.', mayBeEmpty: true }),
    name: req(2, string, { doc: 'Name of the Service.', mayBeEmpty: true }),
    path: opt(3, string, { doc: 'Path to ask for.', keepsZero: true }),
    port: opt(4, int32(), { doc: 'Port of the Service. 443 by default.', keepsZero: true, default: 443 }),
  },
  { doc: 'A Service to call.' },
) {}

export class WebhookClientConfig extends message(
  'k8s.io.api.admissionregistration.v1.WebhookClientConfig',
  {
    url: opt(3, string, { doc: 'Address, as https://host:port/path; without user, query and fragment.', keepsZero: true }),
    service: opt(1, ServiceReference, { doc: 'A Service of the cluster.' }),
    caBundle: opt(2, bytes, { doc: "PEM certificates its certificate must trace back to, as base64. The system's by default." }),
  },
  { doc: 'How to reach a webhook; exactly one of url and service must be set.' },
) {}

export class MutatingWebhook extends message(
  'k8s.io.api.admissionregistration.v1.MutatingWebhook',
  {
    name: req(1, string, { doc: 'Name as a domain with at least three parts, unique in the configuration.', mayBeEmpty: true }),
    clientConfig: req(2, WebhookClientConfig, { doc: 'How to reach it.', mayBeEmpty: true }),
    rules: opt(3, list(RuleWithOperations, { listType: 'atomic' }), { doc: 'Operations and resources it is asked about.' }),
    failurePolicy: opt(4, string, { doc: 'What to do when it fails: Fail (the default) or Ignore.', keepsZero: true }),
    matchPolicy: opt(9, string, { doc: 'Equivalent (the default) to match other versions of a resource too, or Exact.', keepsZero: true }),
    namespaceSelector: opt(5, LabelSelector, {
      doc: 'Chooses namespaces by their labels. All by default; always holds for cluster-scoped objects.',
      mapType: 'atomic',
    }),
    objectSelector: opt(11, LabelSelector, { doc: 'Chooses objects by their labels, new or old. All by default.', mapType: 'atomic' }),
    sideEffects: req(6, string, { doc: 'Whether asking has other effects: None, or NoneOnDryRun.', keepsZero: true, mayBeEmpty: true }),
    timeoutSeconds: opt(7, int32(), { doc: 'Seconds until it has failed, 1 to 30. 10 by default.', keepsZero: true }),
    admissionReviewVersions: req(8, list(string, { listType: 'atomic' }), {
      doc: 'Versions of AdmissionReview it understands, the best first.',
      mayBeEmpty: true,
    }),
    reinvocationPolicy: opt(10, string, {
      doc: 'Whether to ask again after later changes by others: Never (the default) or IfNeeded.',
      keepsZero: true,
    }),
    matchConditions: opt(12, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Further demands on requests, at most 64; all must hold.',
    }),
  },
  { doc: 'A webhook that changes objects as they are admitted.' },
) {}

export class MutatingWebhookConfiguration extends object(
  'k8s.io.api.admissionregistration.v1.MutatingWebhookConfiguration',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    webhooks: opt(2, list(MutatingWebhook, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'The webhooks.',
    }),
  },
  { doc: 'Webhooks that change objects as they are admitted.' },
) {}

export const mutatingWebhookConfigurations = resource(MutatingWebhookConfiguration, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'MutatingWebhookConfiguration',
  plural: 'mutatingwebhookconfigurations',
  scope: 'Cluster',
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    { name: 'Webhooks', type: 'integer', description: 'How many webhooks it has.', cell: (c) => c.webhooks?.length ?? 0 },
    ageColumn,
  ],
})

rulesFor(MutatingWebhook, {
  defaults: (hook) => ({ ...webhookDefaults(hook), reinvocationPolicy: hook.reinvocationPolicy ?? 'Never' }),
})
rulesFor(MutatingWebhookConfiguration, { checkUpdate: webhooksUpdateErrors })
