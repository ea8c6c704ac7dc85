/** What a strict reader finds in a body, in the order in which upstream's readers come upon it. */

/**
 * JSON of a declared kind is read once, so what is repeated and what is unknown come as they stand in the text, and what is repeated within
 * something unknown is not looked at. YAML is searched for repetitions first, then read as JSON whose members are sorted.
 */
export function strictProblems(
  value: unknown,
  from: 'json' | 'yaml',
  duplicates: readonly string[],
  unknown: readonly string[],
): readonly string[] {
  if (unknown.length === 0) return duplicates
  if (from === 'yaml') return [...duplicates, ...inOrder(value, unknown, (names) => names.toSorted())]
  const unknownPaths = unknown.map(pathOf)
  const seen = duplicates.filter((duplicate) => {
    const path = pathOf(duplicate)
    return !unknownPaths.some((u) => path.startsWith(u) && /^(?:$|[.[])/.test(path.slice(u.length)))
  })
  return inOrder(value, [...seen, ...unknown], (names) => names)
}

/** `spec.replicas` of `unknown field "spec.replicas"`. */
function pathOf(problem: string): string {
  const quoted = problem.slice(problem.indexOf('"'))
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted
  }
}

type Arrange = (names: readonly string[]) => readonly string[]

function inOrder(value: unknown, problems: readonly string[], arrange: Arrange): readonly string[] {
  const indexes = new Map<object, ReadonlyMap<string, number>>()
  const placed = problems.map((problem) => ({ problem, place: placeOf(value, pathOf(problem), arrange, indexes) }))
  return placed.toSorted((a, b) => comparePlaces(a.place, b.place)).map(({ problem }) => problem)
}

/** The number of the member or item to follow at each step of the path; shorter where a step is not to be found. */
function placeOf(value: unknown, path: string, arrange: Arrange, indexes: Map<object, ReadonlyMap<string, number>>): readonly number[] {
  const place: number[] = []
  let at = value
  for (const [, name, item] of path.matchAll(/([^.[\]]+)|\[(\d+)\]/g)) {
    if (typeof at !== 'object' || at === null) break
    if (item !== undefined) {
      place.push(Number(item))
      at = (at as readonly unknown[])[Number(item)]
      continue
    }
    let index = indexes.get(at)
    if (index === undefined) indexes.set(at, (index = new Map(arrange(Object.keys(at)).map((key, n) => [key, n]))))
    const n = index.get(name!)
    if (n === undefined) break
    place.push(n)
    at = (at as Readonly<Record<string, unknown>>)[name!]
  }
  return place
}

function comparePlaces(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < a.length && i < b.length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!
  return a.length - b.length
}
