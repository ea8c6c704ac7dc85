/** A plugin's refusal of a request, under the name that the object has or will be given. */

import type { AdmissionRequest } from './admission.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import type { StatusError } from '#client/client.ts'

export function refused({ resource, name, object }: AdmissionRequest, why: string): StatusError {
  return forbidden(resource, name || object?.metadata?.name || object?.metadata?.generateName || 'Unknown', why)
}
