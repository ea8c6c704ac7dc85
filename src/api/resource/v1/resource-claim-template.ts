/** Declares ResourceClaimTemplate (resource/v1). */

import { ResourceClaimSpec } from './resource-claim.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, req, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class ResourceClaimTemplateSpec extends message('k8s.io.api.resource.v1.ResourceClaimTemplateSpec', {
  metadata: val(1, ObjectMeta),
  spec: req(2, ResourceClaimSpec),
}) {}

export class ResourceClaimTemplate extends object('k8s.io.api.resource.v1.ResourceClaimTemplate', {
  metadata: val(1, ObjectMeta),
  spec: req(2, ResourceClaimTemplateSpec),
}) {}

export const resourceClaimTemplates = resource(ResourceClaimTemplate, {
  group: 'resource.k8s.io',
  version: 'v1',
  kind: 'ResourceClaimTemplate',
  plural: 'resourceclaimtemplates',
  scope: 'Namespaced',
})
