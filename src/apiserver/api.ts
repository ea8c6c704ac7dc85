/** The API: everything behind authentication and authorization, from a request's context to its answer. */

import type { Answer } from './answer.ts'
import type { RequestContext } from './request-context.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import type { Lister } from '#client/informer.ts'

export interface Api extends AsyncDisposable {
  /** Answers; refusals are thrown as `StatusError`. */
  handle(ctx: RequestContext): Promise<Answer>
  /** A live read of the resource's watch cache, for authorizers and admission in this process. */
  lister<T extends KubeObject>(resource: Resource<T>): Lister<T>
  /** Every served resource. */
  readonly resources: readonly Resource[]
}
