/** Declares APIService (apiregistration/v1). */

import { apiServiceErrors, apiServiceStatusErrors } from './api-service-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, list, message, opt, req, rulesFor, string, time, val, type Type } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

const atomicBytes: Type<string> = { node: { type: 'bytes', listType: 'atomic' } }
const PACKAGE = 'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1'

export class ServiceReference extends message(
  `${PACKAGE}.ServiceReference`,
  {
    namespace: opt(1, string, { doc: 'Namespace of the Service.' }),
    name: opt(2, string, { doc: 'Name of the Service.' }),
    port: opt(3, int32(), { doc: 'Port of the Service. 443 by default.', default: 443, keepsZero: true }),
  },
  { doc: 'Names a Service that serves an API.' },
) {}

export class APIServiceSpec extends message(
  `${PACKAGE}.APIServiceSpec`,
  {
    service: opt(1, ServiceReference, { doc: 'Who serves the group and version. This server itself when absent.' }),
    group: opt(2, string, { doc: 'API group.' }),
    version: opt(3, string, { doc: 'Version of the group.' }),
    insecureSkipTLSVerify: opt(4, bool, { doc: 'Whether the server is trusted without looking at its certificate.' }),
    caBundle: opt(5, atomicBytes, { doc: 'Certificates in PEM to check the server by, as base64.' }),
    groupPriorityMinimum: req(7, int32(), { doc: 'The group stands before those of lower numbers; the highest of its versions counts.' }),
    versionPriority: req(8, int32(), { doc: 'The version stands before those of lower numbers in its group.' }),
  },
  { doc: 'Who serves a group and version, and where it stands in discovery.' },
) {}

export class APIServiceCondition extends message(
  `${PACKAGE}.APIServiceCondition`,
  {
    type: req(1, string, { doc: 'Available.' }),
    status: req(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of an API service.' },
) {}

export class APIServiceStatus extends message(
  `${PACKAGE}.APIServiceStatus`,
  {
    conditions: opt(1, list(APIServiceCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }), {
      doc: 'What is observed of it.',
    }),
  },
  { doc: 'Whether it can be reached.' },
) {}

export class APIService extends object(
  `${PACKAGE}.APIService`,
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, APIServiceSpec, { doc: 'Who serves which group and version.' }),
    status: val(3, APIServiceStatus, { doc: 'Whether it can be reached.' }),
  },
  { doc: 'A group and version of the API, and who serves it. The name is version.group.' },
) {}

export const apiServices = resource(APIService, {
  group: 'apiregistration.k8s.io',
  version: 'v1',
  kind: 'APIService',
  plural: 'apiservices',
  scope: 'Cluster',
  categories: ['api-extensions'],
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Service', type: 'string', description: 'Who serves it.', cell: serviceText },
    { name: 'Available', type: 'string', description: 'Whether it can be reached.', cell: availableText },
    ageColumn,
  ],
  // What the name must be depends on the spec: the check of the kind says it.
  nameProblems: () => [],
})

function serviceText({ spec }: APIService): string {
  return spec?.service ? `${spec.service.namespace ?? ''}/${spec.service.name ?? ''}` : 'Local'
}

function availableText({ status }: APIService): string {
  const available = status?.conditions?.find((c) => c.type === 'Available')
  if (available === undefined) return 'Unknown'
  return available.status === 'True' ? available.status : `${available.status} (${available.reason ?? ''})`
}

rulesFor(APIService, { check: apiServiceErrors, checkUpdate: apiServiceStatusErrors })
