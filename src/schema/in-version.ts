/** Derives a version of an API group from another one: its messages renamed, and only what differs written out. */

import { message, type Field, type Message, type MessageClass, type TypeNode } from './message.ts'
import { isObject, markObject, resource, type KubeObject, type Resource } from './resource.ts'

type Fields = Parameters<typeof message>[1]

/**
 * By a message's bare name, what its members are in the new version: added ones or such as replace those of that name, or a
 * function of the old ones. A `kept` message is shared with the old version, as those
 * of other packages are; a `granular` one is no longer atomic.
 */
export type Differences = Readonly<Record<string, 'kept' | 'granular' | Fields | ((fields: readonly Field[]) => readonly Field[])>>

type Derive = <T extends KubeObject>(
  of: Resource<T>,
  changes?: Partial<Pick<Resource<T>, 'columns' | 'subresources' | 'selectable'>>,
) => Resource<T>

/**
 * Makes resources of `packageName` (`k8s.io.api.resource.v1`) into those of `version`. Messages of that package come out under
 * the new version's name, each once; those of other packages are shared. Rules come along, so they must be given before.
 */
export function inVersion(packageName: string, version: string, differences: Differences = {}): Derive {
  const derived = new Map<Message, Message>()
  const target = packageName.replace(/[^.]+$/, version)

  const messageOf = (old: Message): Message => {
    const name = old.name.slice(packageName.length + 1)
    if (old.name !== `${packageName}.${name}` || name.includes('.') || differences[name] === 'kept') return old
    const known = derived.get(old)
    if (known !== undefined) return known
    // A message may contain itself, so it is known before its members are.
    const fields: Field[] = []
    const { mapType, ...rest } = old
    const made = {
      ...rest,
      ...(mapType && differences[name] !== 'granular' && { mapType }),
      name: `${target}.${name}`,
      fields,
      byName: new Map<string, Field>(),
    }
    derived.set(old, made)
    if (isObject(old)) markObject(made)
    fields.push(...changed(old.fields, differences[name]).map((f) => ({ ...f, node: nodeOf(f.node) })))
    for (const field of fields) made.byName.set(field.name, field)
    return made
  }

  const nodeOf = (node: TypeNode): TypeNode => {
    switch (node.type) {
      case 'list':
      case 'map':
        return { ...node, of: nodeOf(node.of) }
      case 'message':
        return { ...node, message: () => messageOf(node.message()) }
      default:
        return node
    }
  }

  return (of, changes = {}) => {
    const schema = messageOf(of.type.schema)
    const type = class {
      static readonly schema = schema
    } as unknown as typeof of.type
    return resource(type, { ...of, ...changes, type, version, apiVersion: of.group === '' ? version : `${of.group}/${version}` } as never)
  }
}

function changed(fields: readonly Field[], difference: Differences[string] | undefined): readonly Field[] {
  if (difference === undefined || typeof difference === 'string') return fields
  if (typeof difference === 'function') return difference(fields)
  return [...fields.filter((f) => difference[f.name] === undefined), ...fieldsOf(difference)]
}

/** Declared members as a message holds them. */
export function fieldsOf(declared: Fields): readonly Field[] {
  return (message('', declared) as MessageClass<unknown>).schema.fields
}
