/** Declares Status (meta/v1). */

import { ListMeta } from './list-meta.ts'
import { int32, list, message, opt, string } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class StatusCause extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.StatusCause',
  {
    reason: opt(1, string, { doc: 'What is wrong, as one word for programs.' }),
    message: opt(2, string, { doc: 'What is wrong, in words for people.' }),
    field: opt(3, string, { doc: 'Path of the field to blame, such as spec.containers[0].name.' }),
  },
  { doc: 'One reason why a request failed.' },
) {}

export class StatusDetails extends message(
  'k8s.io.apimachinery.pkg.apis.meta.v1.StatusDetails',
  {
    name: opt(1, string, { doc: 'Name of the object the request was about.' }),
    group: opt(2, string, { doc: 'API group of that object.' }),
    kind: opt(3, string, { doc: 'Kind of that object, or its resource where no kind is known.' }),
    uid: opt(6, string, { doc: 'UID of that object, if it is one.' }),
    causes: opt(4, list(StatusCause, { listType: 'atomic' }), { doc: 'Every single reason for the failure.' }),
    retryAfterSeconds: opt(5, int32(), { doc: 'Seconds to wait before trying again.' }),
  },
  { doc: 'More about a failure, by its reason.' },
) {}

export class Status extends object(
  'k8s.io.apimachinery.pkg.apis.meta.v1.Status',
  {
    metadata: opt(1, ListMeta, { doc: 'Nothing of use; there because a status looks like a list.' }),
    status: opt(2, string, { doc: 'Success or Failure.' }),
    message: opt(3, string, { doc: 'What happened, in words for people.' }),
    reason: opt(4, string, { doc: 'Why it failed, as one CamelCase word such as NotFound.' }),
    details: opt(5, StatusDetails, { doc: 'More about the failure, by its reason.' }),
    code: opt(6, int32(), { doc: 'HTTP status code.' }),
  },
  { doc: 'The outcome of a request that has no object to answer with.' },
) {}
