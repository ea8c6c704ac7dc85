/** `--runtime-config`: which versions and resources of the API are served. Stable versions are, beta and alpha ones are not. */

import type { Resource } from '#schema/resource.ts'

/** The setting was wrong; the message is upstream's. */
export class RuntimeConfigError extends Error {
  override readonly name = 'RuntimeConfigError'
}

type Known = Pick<Resource, 'group' | 'version' | 'plural'>

/** Words that stand for many versions, from the one that all others override. */
const MANY: readonly (readonly [word: string, matches: (version: string) => boolean])[] = [
  ['api/all', () => true],
  ['api/ga', (version) => /^v\d+$/.test(version)],
  ['api/beta', (version) => /^v\d+beta\d+$/.test(version)],
  ['api/alpha', (version) => /^v\d+alpha\d+$/.test(version)],
]

/**
 * Whether a resource is served, by words such as `api/beta=true`, `batch/v1=false` and `networking.k8s.io/v1beta1/ipaddresses`.
 * `known` is all there is. Throws RuntimeConfigError.
 */
export function parseRuntimeConfig(words: readonly string[], known: readonly Known[]): (resource: Known) => boolean {
  const given = new Map(words.map(parsed))
  if (given.size === 1 && given.get('api/all') === false) throw new RuntimeConfigError('invalid key with only api/all=false')
  const groups = new Set(known.map((r) => r.group))
  const versions = new Set(known.map((r) => `${r.group}/${r.version}`))
  const unknown: string[] = []
  for (const key of given.keys()) {
    if (MANY.some(([word]) => word === key)) continue
    const { group, version, resource } = split(key)
    if (!groups.has(group)) unknown.push(group)
    else if (!versions.has(`${group}/${version}`)) throw new RuntimeConfigError(`group version ${key} that has not been registered`)
    else if (resource !== undefined && !known.some((r) => r.group === group && r.version === version && r.plural === resource))
      throw new RuntimeConfigError(`runtime-config invalid key ${key}`)
  }
  if (unknown.length > 0) throw new RuntimeConfigError(`unknown api groups ${unknown.join(',')}`)

  return ({ group, version, plural }) => {
    const base = group === '' ? `api/${version}` : `${group}/${version}`
    const own = given.get(`${base}/${plural}`) ?? given.get(base) ?? (group === '' ? given.get(version) : undefined)
    if (own !== undefined) return own
    const many = MANY.findLast(([word, matches]) => given.has(word) && matches(version))
    return many === undefined ? /^v\d+$/.test(version) : given.get(many[0])!
  }
}

function parsed(word: string): readonly [key: string, enabled: boolean] {
  const equals = word.indexOf('=')
  if (equals < 0) return [word.trim(), true]
  const [key, value] = [word.slice(0, equals).trim(), word.slice(equals + 1).trim()]
  if (value === '') return [key, true]
  if (!/^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value))
    throw new RuntimeConfigError(
      `invalid value of ${key}: ${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
    )
  return [key, /^[1tT]/.test(value)]
}

function split(key: string): { readonly group: string; readonly version: string; readonly resource?: string } {
  const [first = '', version = '', resource, ...rest] = key.split('/')
  if (/^v\d/.test(first) && version === '') return { group: '', version: first }
  if (first === '' || version === '' || resource === '' || rest.length > 0)
    throw new RuntimeConfigError(`runtime-config invalid key ${key}`)
  return { group: first === 'api' ? '' : first, version, ...(resource !== undefined && { resource }) }
}
