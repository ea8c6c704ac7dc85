/** Which of the names that a definition asks for it gets: those it has already, and those nobody else in its group has. */

import type { CustomResourceDefinition, CustomResourceDefinitionNames as Names } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { sameJson } from '#schema/json-patch.ts'

/** What is taken in a group, by whichever definition. */
export interface ClaimedNames {
  readonly resources: ReadonlySet<string>
  readonly kinds: ReadonlySet<string>
}

export interface AcceptedNames {
  readonly names: Names
  /** The last name that somebody else has. */
  readonly conflict?: { readonly reason: string; readonly message: string }
}

export function claimedNames(definitions: Iterable<CustomResourceDefinition>): ClaimedNames {
  const resources = new Set<string>()
  const kinds = new Set<string>()
  for (const { status } of definitions) {
    const { plural, singular, shortNames, kind, listKind } = status.acceptedNames
    for (const name of [plural, singular ?? '', ...(shortNames ?? [])]) resources.add(name)
    for (const name of [kind, listKind ?? '']) kinds.add(name)
  }
  return { resources, kinds }
}

export function acceptedNames({ spec, status }: CustomResourceDefinition, { resources, kinds }: ClaimedNames): AcceptedNames {
  const wanted = spec.names
  const have = status.acceptedNames
  let conflict: AcceptedNames['conflict']
  const decide = (name: string, had: string, taken: ReadonlySet<string>, reason: string): string => {
    if (name === had || !taken.has(name)) return name
    conflict = { reason, message: inUse(name) }
    return had
  }
  const plural = decide(wanted.plural, have.plural, resources, 'PluralConflict')
  const singular = decide(wanted.singular ?? '', have.singular ?? '', resources, 'SingularConflict')
  let shortNames = wanted.shortNames
  if (!sameJson(wanted.shortNames ?? [], have.shortNames ?? [])) {
    const own = new Set([...(have.shortNames ?? []), have.plural, have.singular])
    const taken = (wanted.shortNames ?? []).filter((name) => !own.has(name) && resources.has(name)).map(inUse)
    if (taken.length > 0) {
      shortNames = have.shortNames
      conflict = { reason: 'ShortNamesConflict', message: taken.length === 1 ? taken[0]! : `[${[...new Set(taken)].join(', ')}]` }
    }
  }
  const kind = decide(wanted.kind, have.kind, kinds, 'KindConflict')
  const listKind = decide(wanted.listKind ?? '', have.listKind ?? '', kinds, 'ListKindConflict')
  const names: Names = {
    plural,
    ...(singular !== '' && { singular }),
    ...(shortNames?.length && { shortNames }),
    kind,
    ...(listKind !== '' && { listKind }),
    ...(wanted.categories?.length && { categories: wanted.categories }),
  }
  return { names, ...(conflict && { conflict }) }
}

function inUse(name: string): string {
  return `${JSON.stringify(name)} is already in use`
}
