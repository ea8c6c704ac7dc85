/** Declares ResourceClaimTemplate (resource/v1). */

import { ResourceClaimSpec } from './resource-claim.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { specUpdateErrors } from './claim-rules.ts'
import { message, req, rulesFor, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class ResourceClaimTemplateSpec extends message(
  'k8s.io.api.resource.v1.ResourceClaimTemplateSpec',
  {
    metadata: val(1, ObjectMeta, { doc: 'Labels and annotations of what is made from it.' }),
    spec: req(2, ResourceClaimSpec, { doc: 'What is wanted of the claim.', mayBeEmpty: true }),
  },
  { doc: 'A claim to be made.' },
) {}

export class ResourceClaimTemplate extends object(
  'k8s.io.api.resource.v1.ResourceClaimTemplate',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, ResourceClaimTemplateSpec, { doc: 'The claim to be made.' }),
  },
  { doc: 'A description of claims to be made, one for each pod; cannot be changed.' },
) {}

export const resourceClaimTemplates = resource(ResourceClaimTemplate, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
  columns: [nameColumn, ageColumn],
})

rulesFor(ResourceClaimTemplate, { checkUpdate: specUpdateErrors })
