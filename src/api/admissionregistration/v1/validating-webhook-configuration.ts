/** Declares ValidatingWebhookConfiguration (admissionregistration/v1). */

import { MatchCondition, RuleWithOperations } from './mutating-admission-policy.ts'
import { WebhookClientConfig } from './mutating-webhook-configuration.ts'
import { webhookDefaults, webhooksUpdateErrors } from './webhook-rules.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class ValidatingWebhook extends message(
  'k8s.io.api.admissionregistration.v1.ValidatingWebhook',
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
    objectSelector: opt(10, LabelSelector, { doc: 'Chooses objects by their labels, new or old. All by default.', mapType: 'atomic' }),
    sideEffects: req(6, string, { doc: 'Whether asking has other effects: None, or NoneOnDryRun.', keepsZero: true, mayBeEmpty: true }),
    timeoutSeconds: opt(7, int32(), { doc: 'Seconds until it has failed, 1 to 30. 10 by default.', keepsZero: true }),
    admissionReviewVersions: req(8, list(string, { listType: 'atomic' }), {
      doc: 'Versions of AdmissionReview it understands, the best first.',
      mayBeEmpty: true,
    }),
    matchConditions: opt(11, list(MatchCondition, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'Further demands on requests, at most 64; all must hold.',
    }),
  },
  { doc: 'A webhook that lets objects in or not.' },
) {}

export class ValidatingWebhookConfiguration extends object(
  'k8s.io.api.admissionregistration.v1.ValidatingWebhookConfiguration',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    webhooks: opt(2, list(ValidatingWebhook, { listType: 'map', keys: ['name'], patch: { strategy: 'merge', mergeKey: 'name' } }), {
      doc: 'The webhooks.',
    }),
  },
  { doc: 'Webhooks that let objects in or not.' },
) {}

export const validatingWebhookConfigurations = resource(ValidatingWebhookConfiguration, {
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  kind: 'ValidatingWebhookConfiguration',
  plural: 'validatingwebhookconfigurations',
  scope: 'Cluster',
  categories: ['api-extensions'],
  columns: [
    nameColumn,
    { name: 'Webhooks', type: 'integer', description: 'How many webhooks it has.', cell: (c) => c.webhooks?.length ?? 0 },
    ageColumn,
  ],
})

rulesFor(ValidatingWebhook, { defaults: webhookDefaults })
rulesFor(ValidatingWebhookConfiguration, { checkUpdate: webhooksUpdateErrors })
