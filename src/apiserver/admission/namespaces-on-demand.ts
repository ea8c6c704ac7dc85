/** What becomes of objects in namespaces that are not there: they are refused, or the namespace is made. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { notFound } from '#apiserver/endpoints/errors.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { groupResource } from '#schema/resource.ts'

export interface NamespaceParts {
  readonly exists: (name: string) => Promise<boolean>
}

function isElsewhere({ resource, namespace }: AdmissionRequest): boolean {
  return resource.scope === 'Cluster' || namespace === '' || groupResource(resource) === groupResource(namespaces)
}

export function namespaceExists(parts: NamespaceParts): AdmissionPlugin {
  return {
    name: 'NamespaceExists',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    async validate(request) {
      if (!isElsewhere(request) && !(await parts.exists(request.namespace))) throw notFound(namespaces, request.namespace)
    },
  }
}

export function namespaceAutoProvision(parts: NamespaceParts & { readonly create: (name: string) => Promise<void> }): AdmissionPlugin {
  return {
    name: 'NamespaceAutoProvision',
    operations: ['CREATE'],
    async admit(request) {
      // a dry run must not leave anything behind
      if (!isElsewhere(request) && !request.dryRun && !(await parts.exists(request.namespace))) await parts.create(request.namespace)
      return undefined
    },
  }
}
