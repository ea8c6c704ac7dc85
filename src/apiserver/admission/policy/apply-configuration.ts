/** Applies what a policy says of an object to it, by the declaration of its kind; whoever owned the fields goes on owning them. */

import { Misconfigured } from './policy-params.ts'
import type { ObjectForm } from '../admission.ts'
import { merge } from '#schema/apply/merge.ts'
import { mistyped } from '#schema/apply/mistyped.ts'
import { asArray, asObject, structOf, type Shape } from '#schema/apply/shape.ts'
import type { KubeObject } from '#schema/resource.ts'

/** Throws `Misconfigured`. */
export function applyConfiguration(configuration: Readonly<Record<string, unknown>>, shown: KubeObject, { message }: ObjectForm): unknown {
  if (message === undefined) throw new Misconfigured('type converter must not be nil')
  const { apiVersion, kind } = shown
  const whole = { ...configuration, apiVersion, kind }
  const problems = mistyped(message, whole)
  if (problems.length > 0)
    throw new Misconfigured(`error applying patch: failed to convert patch object to typed object: ${problems.join('\n')}`)
  const atomics = atomicPaths(structOf(message), whole, '')
  if (atomics.length > 0)
    throw new Misconfigured(
      `error applying patch: invalid ApplyConfiguration: may not mutate atomic arrays, maps or structs: ${atomics.join(', ')}`,
    )
  return merge(message, shown as never, whole)
}

/** Where something would be replaced as a whole, by which fields that nobody meant would be lost. */
function atomicPaths(shape: Shape | undefined, value: unknown, path: string): readonly string[] {
  const members = asObject(value)
  const items = Array.isArray(value) ? asArray(value) : undefined
  if (members === undefined && items === undefined) return []
  switch (shape?.type) {
    case 'leaf':
      return [path]
    case 'struct':
      return Object.entries(members ?? {}).flatMap(([name, member]) =>
        atomicPaths(shape.members().get(name)?.shape ?? shape.rest, member, `${path}.${name}`),
      )
    case 'map':
      return Object.entries(members ?? {}).flatMap(([name, member]) => atomicPaths(shape.of, member, `${path}.${name}`))
    case 'keyed':
      return (items ?? []).flatMap((item, index) => atomicPaths(shape.of, item, `${path}[${index}]`))
    default:
      return []
  }
}
