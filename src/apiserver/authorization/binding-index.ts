/** Bindings by whom they are for, so that a decision looks at the caller's own among thousands. */

import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Subject } from '#api/rbac/v1/cluster-role-binding.ts'

interface Binding {
  readonly metadata: { readonly name: string; readonly namespace?: string }
  readonly subjects?: readonly Subject[]
}

export interface BindingLister<B extends Binding> {
  list(): readonly B[]
  /** Moves whenever a binding does; absent: the list is read anew every time. */
  changes?(): number
}

export interface BindingIndex<B extends Binding> {
  /** The bindings of a namespace ('' for those of the cluster) that name the user or one of its groups, by their names. */
  of(user: UserInfo, namespace: string): readonly B[]
}

/** Objects are immutable, so one that changed is another one: only those are taken out and put in. */
export function bindingIndex<B extends Binding>(lister: BindingLister<B>): BindingIndex<B> {
  const bySubject = new Map<string, B[]>()
  let indexed: ReadonlySet<B> = new Set()
  let seen: number | undefined

  const refresh = () => {
    const changes = lister.changes?.()
    if (changes !== undefined && changes === seen) return
    seen = changes
    const now = new Set(lister.list())
    for (const binding of indexed) if (!now.has(binding)) remove(binding)
    for (const binding of now) if (!indexed.has(binding)) add(binding)
    indexed = now
  }
  const add = (binding: B) => {
    for (const key of keysOf(binding)) {
      const known = bySubject.get(key)
      if (known === undefined) bySubject.set(key, [binding])
      else known.push(binding)
    }
  }
  const remove = (binding: B) => {
    for (const key of keysOf(binding)) {
      const left = bySubject.get(key)!.filter((b) => b !== binding)
      if (left.length === 0) bySubject.delete(key)
      else bySubject.set(key, left)
    }
  }

  return {
    of({ username = '', groups = [] }, namespace) {
      refresh()
      const found = new Set(bySubject.get(userKey(namespace, username)))
      for (const group of groups) for (const binding of bySubject.get(groupKey(namespace, group)) ?? []) found.add(binding)
      return found.size < 2 ? [...found] : [...found].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
    },
  }
}

const userKey = (namespace: string, name: string) => `${namespace} u ${name}`
const groupKey = (namespace: string, name: string) => `${namespace} g ${name}`

/** Each once, also of a binding that names somebody twice. */
function keysOf({ metadata: { namespace = '' }, subjects = [] }: Binding): ReadonlySet<string> {
  const keys = new Set<string>()
  for (const { kind, name, namespace: from } of subjects) {
    if (kind === 'User') keys.add(userKey(namespace, name))
    else if (kind === 'Group') keys.add(groupKey(namespace, name))
    else if (kind === 'ServiceAccount' && (from || namespace))
      keys.add(userKey(namespace, `system:serviceaccount:${from || namespace}:${name}`))
  }
  return keys
}
