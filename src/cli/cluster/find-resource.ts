/** Finds what a person calls a resource type: plural, singular or short name, with the group after a dot if need be. */

import type { Client } from '#client/client.ts'

export interface FoundResource {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly namespaced: boolean
}

interface ResourceList {
  readonly resources: readonly {
    readonly name: string
    readonly singularName?: string
    readonly shortNames?: readonly string[]
    readonly namespaced: boolean
  }[]
}

interface GroupList {
  readonly groups: readonly { readonly name: string; readonly preferredVersion: { readonly version: string } }[]
}

/** Looks at the core group first and then at the others in the server's order; undefined when there is none of that name. */
export async function findResource(client: Pick<Client, 'raw'>, type: string): Promise<FoundResource | undefined> {
  const dot = type.indexOf('.')
  const name = (dot < 0 ? type : type.slice(0, dot)).toLowerCase()
  const wanted = dot < 0 ? undefined : type.slice(dot + 1)
  const { groups } = (await client.raw('GET', '/apis')) as GroupList
  const all = [{ name: '', version: 'v1' }, ...groups.map((g) => ({ name: g.name, version: g.preferredVersion.version }))]
  for (const group of all.filter((g) => wanted === undefined || g.name === wanted)) {
    const { resources } = (await client.raw('GET', group.name === '' ? '/api/v1' : `/apis/${group.name}/${group.version}`)) as ResourceList
    const found = resources.find((r) => r.name === name || r.singularName === name || r.shortNames?.includes(name))
    if (found) return { group: group.name, version: group.version, plural: found.name, namespaced: found.namespaced }
  }
  return undefined
}
