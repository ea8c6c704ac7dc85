/** The request of an AdmissionReview without its objects: what webhooks are sent and expressions see. */

import type { AdmissionRequest, ObjectForm } from './admission.ts'

/** In the version of the API that `form` is; the caller spoke `requested`. */
export function requestFacts(request: AdmissionRequest, form: ObjectForm, requested: ObjectForm) {
  const { subresource, name, namespace, operation, user, dryRun, options } = request
  const { username, uid, groups, extra } = user
  return {
    kind: form.kind,
    resource: form.resource,
    ...(subresource !== '' && { subResource: subresource }),
    requestKind: requested.kind,
    requestResource: requested.resource,
    ...(subresource !== '' && { requestSubResource: subresource }),
    ...(name !== '' && { name }),
    ...(namespace !== '' && { namespace }),
    operation,
    userInfo: { ...(username && { username }), ...(uid && { uid }), ...(groups && { groups }), ...(extra && { extra }) },
    dryRun,
    options: options ?? null,
  }
}
