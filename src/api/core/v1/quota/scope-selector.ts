/** Whether a class is chosen by a demand on scopes, as label selectors choose. */

import type { ScopedResourceSelectorRequirement } from '../resource-quota.ts'

/** `name` is absent where the object names no class. */
export function choosesClass({ operator, values = [] }: ScopedResourceSelectorRequirement, name: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return name !== undefined && values.includes(name)
    case 'NotIn':
      return name === undefined || !values.includes(name)
    case 'Exists':
      return name !== undefined
    case 'DoesNotExist':
      return name === undefined
    default:
      return false
  }
}
