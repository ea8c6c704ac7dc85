/** How an object is shown to webhooks where a request does not say in which versions it can be. */

import type { AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { objectForms } from '#apiserver/admission/object-forms.ts'
import { generic } from '#apiserver/registry/strategies/plain.ts'

export function defaultForm({ resource, subresource }: AdmissionRequest): ObjectForm {
  return objectForms({ resource, strategy: generic }, [], subresource)[0]!
}
