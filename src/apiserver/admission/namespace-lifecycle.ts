/** Nothing is created in a namespace that is absent or on its way out, and the system's own namespaces stay. */

import type { AdmissionPlugin } from './admission.ts'
import { forbidden, notFound } from '#apiserver/endpoints/errors.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import { StatusError } from '#client/client.ts'

const NAMESPACES = { group: '', plural: 'namespaces' }
const IMMORTAL: ReadonlySet<string> = new Set(['default', 'kube-system', 'kube-public'])

/** `find` answers as of now. */
export function namespaceLifecycle(parts: { readonly find: (name: string) => Promise<Namespace | undefined> }): AdmissionPlugin {
  return {
    name: 'NamespaceLifecycle',
    operations: ['CREATE', 'UPDATE', 'DELETE'],
    async validate({ operation, resource, namespace, name }) {
      const isNamespace = resource.group === '' && resource.plural === 'namespaces'
      if (isNamespace && operation === 'DELETE' && IMMORTAL.has(name))
        throw forbidden(NAMESPACES, name, 'this namespace may not be deleted')
      if (isNamespace || resource.scope === 'Cluster' || operation === 'DELETE') return
      // who asks about rights in a namespace must not learn from the answer whether it is there
      if (resource.plural === 'localsubjectaccessreviews') return
      const found = await parts.find(namespace)
      if (found === undefined) throw notFound(NAMESPACES, namespace)
      if (operation !== 'CREATE' || (found.status.phase !== 'Terminating' && found.metadata.deletionTimestamp === undefined)) return
      const error = forbidden(resource, name, `unable to create new content in namespace ${namespace} because it is being terminated`)
      const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' }
      throw new StatusError({ ...error.status, details: { ...error.status.details, causes: [cause] } })
    },
  }
}
