/** Declares CustomResourceDefinition (apiextensions/v1). */

import { definitionUpdateErrors } from './custom-resource-definition-rules.ts'
import { schemaType } from './json-schema.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, bytes, int32, int64, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

const PACKAGE = 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1'
const atomic = { listType: 'atomic' } as const

export class ServiceReference extends message(
  `${PACKAGE}.ServiceReference`,
  {
    namespace: req(1, string, { doc: 'Namespace of the Service.', mayBeEmpty: true }),
    name: req(2, string, { doc: 'Name of the Service.', mayBeEmpty: true }),
    path: opt(3, string, { doc: 'Path of the webhook.', keepsZero: true }),
    port: opt(4, int32(), { doc: 'Port of the Service. 443 by default.', default: 443, keepsZero: true }),
  },
  { doc: 'Names a Service that answers.' },
) {}

export class WebhookClientConfig extends message(
  `${PACKAGE}.WebhookClientConfig`,
  {
    url: opt(3, string, { doc: 'Where the webhook is, unless a Service.', keepsZero: true }),
    service: opt(1, ServiceReference, { doc: 'Service in the cluster that answers.' }),
    caBundle: opt(2, bytes, { doc: 'Certificates in PEM to check the webhook by, as base64.' }),
  },
  { doc: 'How a webhook is reached: url or service.' },
) {}

export class WebhookConversion extends message(
  `${PACKAGE}.WebhookConversion`,
  {
    clientConfig: opt(2, WebhookClientConfig, { doc: 'How the webhook is reached.' }),
    conversionReviewVersions: req(3, list(string, atomic), { doc: 'Versions of ConversionReview it knows.', mayBeEmpty: true }),
  },
  { doc: 'A webhook that converts between versions.' },
) {}

export class CustomResourceConversion extends message(
  `${PACKAGE}.CustomResourceConversion`,
  {
    strategy: req(1, string, { doc: 'None, which only changes apiVersion, or Webhook.', mayBeEmpty: true }),
    webhook: opt(2, WebhookConversion, { doc: 'The webhook, where that is the strategy.' }),
  },
  { doc: 'How objects get from one version to another.' },
) {}

export class CustomResourceDefinitionNames extends message(
  `${PACKAGE}.CustomResourceDefinitionNames`,
  {
    plural: req(1, string, { doc: 'Plural name, as in paths; cannot be changed.', mayBeEmpty: true }),
    singular: opt(2, string, { doc: 'Singular name. The kind in lower case by default.' }),
    shortNames: opt(3, list(string, atomic), { doc: 'Shorter names for people who type.' }),
    kind: req(4, string, { doc: 'Kind of the objects, in CamelCase.', mayBeEmpty: true }),
    listKind: opt(5, string, { doc: 'Kind of their lists. The kind and List by default.' }),
    categories: opt(6, list(string, atomic), { doc: 'Groups of resources it belongs to, such as all.' }),
  },
  { doc: 'How a resource is called.' },
) {}

export class CustomResourceValidation extends message(
  `${PACKAGE}.CustomResourceValidation`,
  { openAPIV3Schema: opt(1, schemaType, { doc: 'The schema.' }) },
  { doc: 'What objects must look like.' },
) {}

export class CustomResourceSubresourceStatus extends message(
  `${PACKAGE}.CustomResourceSubresourceStatus`,
  {},
  { doc: 'Gives the status a path of its own.' },
) {}

export class CustomResourceSubresourceScale extends message(
  `${PACKAGE}.CustomResourceSubresourceScale`,
  {
    specReplicasPath: req(1, string, { doc: 'JSON path of the wanted number, below .spec.', mayBeEmpty: true }),
    statusReplicasPath: req(2, string, { doc: 'JSON path of the present number, below .status.', mayBeEmpty: true }),
    labelSelectorPath: opt(3, string, { doc: 'JSON path of the selector of pods as a string.', keepsZero: true }),
  },
  { doc: 'Gives the number of replicas a path of its own.' },
) {}

export class CustomResourceSubresources extends message(
  `${PACKAGE}.CustomResourceSubresources`,
  {
    status: opt(1, CustomResourceSubresourceStatus, { doc: 'Whether the status has a path of its own.' }),
    scale: opt(2, CustomResourceSubresourceScale, { doc: 'Where the number of replicas stands, if it has a path of its own.' }),
  },
  { doc: 'Paths below an object.' },
) {}

export class CustomResourceColumnDefinition extends message(
  `${PACKAGE}.CustomResourceColumnDefinition`,
  {
    name: req(1, string, { doc: 'Heading.', mayBeEmpty: true }),
    type: req(2, string, { doc: 'integer, number, string, boolean or date.', mayBeEmpty: true }),
    format: opt(3, string, { doc: 'How it is written.' }),
    description: opt(4, string, { doc: 'What it shows.' }),
    priority: opt(5, int32(), { doc: 'Above 0 it shows only where there is room.' }),
    jsonPath: req(6, string, { doc: 'What of the object it shows.', mayBeEmpty: true }),
  },
  { doc: 'A column of tables.' },
) {}

export class SelectableField extends message(
  `${PACKAGE}.SelectableField`,
  { jsonPath: req(1, string, { doc: 'Simple path of a string, boolean or integer.', mayBeEmpty: true }) },
  { doc: 'A field that objects can be selected by.' },
) {}

export class CustomResourceDefinitionVersion extends message(
  `${PACKAGE}.CustomResourceDefinitionVersion`,
  {
    name: req(1, string, { doc: 'Name of the version, such as v1beta1.', mayBeEmpty: true }),
    served: req(2, bool, { doc: 'Whether it is served.' }),
    storage: req(3, bool, { doc: 'Whether objects are stored in it; exactly one version is.' }),
    deprecated: opt(7, bool, { doc: 'Whether clients are warned.' }),
    deprecationWarning: opt(8, string, { doc: 'What they are told, instead of the usual words.', keepsZero: true }),
    schema: opt(4, CustomResourceValidation, { doc: 'What objects must look like.' }),
    subresources: opt(5, CustomResourceSubresources, { doc: 'Paths below an object.' }),
    additionalPrinterColumns: opt(6, list(CustomResourceColumnDefinition, atomic), { doc: 'Columns of tables; only the age by default.' }),
    selectableFields: opt(9, list(SelectableField, atomic), { doc: 'Fields that objects can be selected by; at most 8.' }),
  },
  { doc: 'A version of a resource.' },
) {}

export class CustomResourceDefinitionSpec extends message(
  `${PACKAGE}.CustomResourceDefinitionSpec`,
  {
    group: req(1, string, { doc: 'API group; cannot be changed.', mayBeEmpty: true }),
    names: req(3, CustomResourceDefinitionNames, { doc: 'How the resource is called.', mayBeEmpty: true }),
    scope: req(4, string, { doc: 'Cluster or Namespaced.', mayBeEmpty: true }),
    versions: req(7, list(CustomResourceDefinitionVersion, atomic), {
      doc: 'The versions, the best one first in discovery.',
      mayBeEmpty: true,
    }),
    conversion: opt(9, CustomResourceConversion, { doc: 'How objects get from one version to another.', default: { strategy: 'None' } }),
    preserveUnknownFields: opt(10, bool, { doc: 'Deprecated: must be false; schemas say which members are kept.', deprecated: true }),
  },
  {
    doc: 'What a resource is.',
    defaults: ({ names }) => {
      const { kind = '', singular, listKind } = names ?? {}
      if (kind === '' || (singular && listKind)) return undefined
      return { names: { ...names!, singular: singular || kind.toLowerCase(), listKind: listKind || `${kind}List` } }
    },
  },
) {}

export class CustomResourceDefinitionCondition extends message(
  `${PACKAGE}.CustomResourceDefinitionCondition`,
  {
    type: req(1, string, { doc: 'Established, NamesAccepted, Terminating and others.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
    observedGeneration: opt(6, int64(), { doc: 'The metadata.generation this condition was judged by.' }),
  },
  { doc: 'One thing that is observed of a definition.' },
) {}

export class CustomResourceDefinitionStatus extends message(
  `${PACKAGE}.CustomResourceDefinitionStatus`,
  {
    conditions: opt(1, list(CustomResourceDefinitionCondition, { listType: 'map', keys: ['type'] }), { doc: 'What is observed of it.' }),
    acceptedNames: val(2, CustomResourceDefinitionNames, { doc: 'Names it is served by.' }),
    storedVersions: opt(3, list(string, atomic), { doc: 'Versions in which objects have ever been stored.' }),
    observedGeneration: opt(4, int64(), { doc: 'The metadata.generation this status was judged by.' }),
  },
  { doc: 'What came of a definition.' },
) {}

export class CustomResourceDefinition extends object(
  `${PACKAGE}.CustomResourceDefinition`,
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, CustomResourceDefinitionSpec, { doc: 'What the resource is.', mayBeEmpty: true }),
    status: val(3, CustomResourceDefinitionStatus, { doc: 'What came of it.' }),
  },
  { doc: 'A resource that the cluster did not come with. The name is plural.group.' },
) {}

export const customResourceDefinitions = resource(CustomResourceDefinition, {
  group: 'apiextensions.k8s.io',
  version: 'v1',
  kind: 'CustomResourceDefinition',
  plural: 'customresourcedefinitions',
  scope: 'Cluster',
  shortNames: ['crd', 'crds'],
  categories: ['api-extensions'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
})

rulesFor(CustomResourceDefinition, { checkUpdate: definitionUpdateErrors })
