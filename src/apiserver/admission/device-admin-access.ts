/** Devices in use by others are for administrators: only namespaces marked for it may ask for them. Upstream's strategies do this check. */

import type { AdmissionPlugin } from './admission.ts'
import { invalid } from '#apiserver/endpoints/errors.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { ResourceClaimTemplate } from '#api/resource/v1/resource-claim-template.ts'
import type { ResourceClaim } from '#api/resource/v1/resource-claim.ts'
import { forbidden } from '#schema/field-error.ts'

const LABEL = 'resource.kubernetes.io/admin-access'

export function deviceAdminAccess(parts: { readonly find: (name: string) => Promise<Namespace | undefined> }): AdmissionPlugin {
  return {
    name: 'DeviceAdminAccess',
    operations: ['CREATE'],
    async validate({ resource, namespace, object }) {
      if (resource.group !== 'resource.k8s.io') return
      const claim =
        resource.plural === 'resourceclaims'
          ? (object as unknown as ResourceClaim).spec
          : resource.plural === 'resourceclaimtemplates'
            ? (object as unknown as ResourceClaimTemplate).spec?.spec
            : undefined
      const index = (claim?.devices?.requests ?? []).findIndex((request) => request.exactly?.adminAccess === true)
      if (index < 0 || (await parts.find(namespace))?.metadata.labels?.[LABEL] === 'true') return
      const why = `admin access to devices requires the \`${LABEL}: true\` label on the containing namespace`
      throw invalid(resource, object!.metadata.name, [forbidden(`spec.devices.requests[${index}].adminAccess`, why)])
    },
  }
}
