/** Carries out one action for loops of their own, which go by everything there is rather than by a key. */

import { isReason, type Client } from '#client/client.ts'
import type { KubeObject } from '#schema/resource.ts'
import type { Action } from './controller.ts'

/** Answers what was written. Deleting what is gone, or has given its name to another, is no failure. */
export async function perform(client: Client, action: Action): Promise<KubeObject | undefined> {
  switch (action.type) {
    case 'create':
      return client.create(action.resource, action.object)
    case 'update':
      return client.update(action.resource, action.object, subresource(action.subresource))
    case 'patch':
      return client.patch(action.resource, action.ref, action.patchType, action.patch, subresource(action.subresource))
    case 'subresource':
      return client.update(action.resource, action.object, subresource(action.subresource))
    case 'delete':
      try {
        const { uid, resourceVersion } = action
        const preconditions = { uid, ...(resourceVersion !== undefined && { resourceVersion }) }
        await client.delete(action.resource, action.ref, { ...action.options, preconditions })
      } catch (error) {
        const gone = isReason(error, 'NotFound') || (isReason(error, 'Conflict') && action.resourceVersion === undefined)
        if (!gone) throw error
      }
      return undefined
    case 'event':
      throw new Error('an event is recorded, not performed')
  }
}

function subresource(name: string | undefined): { readonly subresource?: string } {
  return name === undefined ? {} : { subresource: name }
}
