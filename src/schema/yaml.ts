/** Reads YAML as upstream reads it: YAML 1.1 scalars, one document, keys as text, aliases that cannot explode. */

import { defineMappingTag, defineScalarTag, FAILSAFE_SCHEMA, loadAll, mergeTag, NOT_RESOLVED, Schema, YAMLException } from 'js-yaml'
import { MalformedInput } from './malformed-input.ts'
import { duplicateKeys } from './yaml-duplicates.ts'
import type { ParsedJson } from './json.ts'

const ALIASES_MAX = 10_000 // a manifest has a handful
const NODES_MAX = 1_000_000 // after aliases are followed; about what the largest body can say without them
const DEPTH_MAX = 500 // the parser recurses

/**
 * The value of a YAML (or JSON) document, null for an empty one. `duplicates` has one text that names every key given twice,
 * as upstream's strict reading words it. Throws MalformedInput, also for several documents, of which upstream would silently
 * read the first.
 */
export function parseYaml(bytes: Uint8Array): ParsedJson {
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw malformed('yaml: invalid UTF-8')
  }
  try {
    return { value: document(text, false), duplicates: [] }
  } catch (error) {
    if (!(error instanceof YAMLException) || error.reason !== DUPLICATE) throw worded(error)
    try {
      return { value: document(text, true), duplicates: [duplicateText(error, text)] }
    } catch (again) {
      throw worded(again)
    }
  }
}

const DUPLICATE = 'duplicated mapping key'

function document(text: string, lastKeyWins: boolean): unknown {
  const documents = loadAll(text, { schema: SCHEMA, json: lastKeyWins, maxAliases: ALIASES_MAX, maxDepth: DEPTH_MAX })
  if (documents.length > 1) throw malformed('yaml: more than one document')
  const value = documents[0] ?? null
  expandedSize(value, new Map())
  return value
}

function malformed(what: string): MalformedInput {
  return new MalformedInput(`error converting YAML to JSON: ${what}`)
}

function worded(error: unknown): Error {
  if (error instanceof YAMLException)
    return malformed(`yaml: ${error.mark === undefined ? '' : `line ${error.mark.line + 1}: `}${error.reason}`)
  // Anything else the parser throws (a RangeError of its recursion, say) is about this input too.
  return error instanceof MalformedInput ? error : malformed(`yaml: ${(error as Error).message}`)
}

function duplicateText(error: YAMLException, text: string): string {
  const found = duplicateKeys(text, DEPTH_MAX)
  // What only this reader takes for the same key, such as 1 and "1", is told by where the reader came upon it.
  const said = found.length > 0 ? found : [`line ${(error.mark?.line ?? 0) + 1}: key already set in map`]
  return ['yaml: unmarshal errors:', ...said].join('\n  ')
}

/**
 * Counts the nodes a walk over the value would meet. Aliases make one object stand in many places, so a small text can
 * stand for billions; each object is counted once and remembered, so this takes no longer than the text is.
 */
function expandedSize(value: unknown, known: Map<object, number>): number {
  if (typeof value !== 'object' || value === null) return 1
  const before = known.get(value)
  if (before === IN_PROGRESS) throw malformed('yaml: anchor value contains itself')
  if (before !== undefined) return before
  known.set(value, IN_PROGRESS)
  let size = 1
  for (const member of Object.values(value)) size += expandedSize(member, known)
  if (size > NODES_MAX) throw malformed('yaml: document contains excessive aliasing')
  known.set(value, size)
  return size
}

const IN_PROGRESS = -1

const loadOnly = { identify: (): boolean => false }

function scalar(tag: string, resolve: (source: string, isExplicit: boolean) => unknown): ReturnType<typeof defineScalarTag> {
  return defineScalarTag(`tag:yaml.org,2002:${tag}`, { implicit: true, resolve, ...loadOnly })
}

const NULLS = new Set(['', '~', 'null', 'Null', 'NULL'])
const TRUES = new Set(['y', 'Y', 'yes', 'Yes', 'YES', 'true', 'True', 'TRUE', 'on', 'On', 'ON'])
const FALSES = new Set(['n', 'N', 'no', 'No', 'NO', 'false', 'False', 'FALSE', 'off', 'Off', 'OFF'])

const nullTag = scalar('null', (source) => (NULLS.has(source) ? null : NOT_RESOLVED))
const boolTag = scalar('bool', (source) => (TRUES.has(source) ? true : FALSES.has(source) ? false : NOT_RESOLVED))

const FLOAT = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/
const INTEGER = /^([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|([1-9][0-9]*|0))$/

const intTag = scalar('int', (source) => {
  const parts = INTEGER.exec(source.replaceAll('_', ''))
  if (parts === null || !/^[-+0-9]/.test(source)) return NOT_RESOLVED
  const [, sign, hex, binary, octal, decimal] = parts
  const size =
    hex !== undefined
      ? Number(`0x${hex}`)
      : binary !== undefined
        ? Number(`0b${binary}`)
        : octal !== undefined
          ? Number(`0o${octal}`)
          : Number(decimal)
  return sign === '-' && size !== 0 ? -size : size
})

const floatTag = scalar('float', (source) => {
  const plain = source.replaceAll('_', '')
  if (FLOAT.test(plain) && /^[-+.0-9]/.test(source)) return Number(plain)
  // JSON cannot say these, which is also upstream's answer.
  if (/^[-+]?\.(?:inf|Inf|INF)$/.test(source)) throw malformed(`json: unsupported value: ${source.startsWith('-') ? '-' : '+'}Inf`)
  if (/^\.(?:nan|NaN|NAN)$/.test(source)) throw malformed('json: unsupported value: NaN')
  return NOT_RESOLVED
})

/** A timestamp stays the text it is, also when it is said to be one. */
const timestampTag = scalar('timestamp', (source, isExplicit) => (isExplicit ? source : NOT_RESOLVED))

const mapTag = defineMappingTag('tag:yaml.org,2002:map', {
  create: (): Record<string, unknown> => ({}),
  addPair: (map, key, value) => {
    if (typeof key === 'object') return `unsupported map key of type: ${key === null ? 'null' : 'object'}`
    const name = String(key)
    if (name === '__proto__') return 'the name "__proto__" is not accepted'
    map[name] = value
    return ''
  },
  has: (map, key) => Object.hasOwn(map, String(key)),
  keys: (map) => Object.keys(map),
  get: (map, key) => map[String(key)],
  ...loadOnly,
})

const SCHEMA = new Schema([
  ...FAILSAFE_SCHEMA.tags.filter((t) => t.nodeKind !== 'mapping'),
  mapTag,
  nullTag,
  boolTag,
  intTag,
  floatTag,
  timestampTag,
  mergeTag,
])
