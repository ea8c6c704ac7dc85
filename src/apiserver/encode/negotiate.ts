/** Content negotiation: which media type, and which view of the object, the caller takes. */

import { notAcceptable } from '#apiserver/endpoints/errors.ts'

export const JSON_TYPE = 'application/json'
export const YAML_TYPE = 'application/yaml'
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'
export const CBOR_TYPE = 'application/cbor'

export type MediaType = typeof JSON_TYPE | typeof YAML_TYPE | typeof PROTOBUF_TYPE | typeof CBOR_TYPE
/** Those that streams of events have. */
export type StreamType = Exclude<MediaType, typeof YAML_TYPE>

const OBJECT_TYPES: readonly MediaType[] = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]
const OBJECT_TYPES_WITH_CBOR: readonly MediaType[] = [...OBJECT_TYPES, CBOR_TYPE]

/** What a watch answers with, by the type that was asked for. */
export const STREAM_CONTENT_TYPES: Readonly<Record<StreamType, string>> = {
  [JSON_TYPE]: JSON_TYPE,
  [PROTOBUF_TYPE]: `${PROTOBUF_TYPE};stream=watch`,
  [CBOR_TYPE]: 'application/cbor-seq',
}

/** `Table` and the metadata-only kinds stand in for the object itself. */
export type As = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Choice {
  readonly mediaType: MediaType
  readonly as: As
  /** Of the kind that stands in. */
  readonly version: 'meta.k8s.io/v1' | 'meta.k8s.io/v1beta1'
  /** The clause itself asks for indented JSON. */
  readonly pretty: boolean
}

/** What is answered with: `rowless` objects have no rows to be shown in a Table, `plain` ones are shown in no other way than as they are. */
type Shape = 'object' | 'rowless' | 'stream' | 'plain'

interface Clause {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
  readonly quality: number
}

const CLAUSES_MAX = 64 // no client sends more than a handful; a long header must not cost
const PLAIN_JSON: Choice = { mediaType: JSON_TYPE, as: 'object', version: 'meta.k8s.io/v1', pretty: false }

/** What bodies may be in: CBOR only where its feature gate is on. */
export function objectTypes(cbor = false): readonly MediaType[] {
  return cbor ? OBJECT_TYPES_WITH_CBOR : OBJECT_TYPES
}

/**
 * The first acceptable clause by quality; throws 406 when there is none, or when it names a type that cannot be streamed. Custom
 * resources have no protobuf form of their own, only their metadata does.
 */
export function negotiate(accept: string | undefined, answer: Shape, cbor = false, custom = false): Choice {
  const types = objectTypes(cbor)
  if (accept === undefined || accept.trim() === '') return PLAIN_JSON
  const choice = firstAcceptable(accept, answer, types, custom)
  if (choice !== undefined && !(answer === 'stream' && choice.mediaType === YAML_TYPE)) return choice
  throw notAcceptable(answer === 'stream' ? types.filter((t) => t !== YAML_TYPE).map(streamedAs) : types)
}

function firstAcceptable(accept: string, answer: Shape, types: readonly MediaType[], custom: boolean): Choice | undefined {
  for (const clause of parseAccept(accept))
    for (const mediaType of types) {
      if (!matches(clause.type, mediaType)) continue
      const { stream, pretty, v } = clause.parameters
      if (stream && (stream !== 'watch' || mediaType === YAML_TYPE)) continue
      const as = answer === 'plain' ? 'object' : viewOf(clause, mediaType)
      if (as === undefined || (as === 'Table' && answer === 'rowless')) continue
      if (custom && as === 'object' && mediaType === PROTOBUF_TYPE) continue
      return { mediaType, as, version: v === 'v1beta1' ? 'meta.k8s.io/v1beta1' : 'meta.k8s.io/v1', pretty: pretty === '1' }
    }
  return undefined
}

/** How a refusal names the type of a stream. */
function streamedAs(type: MediaType): string {
  return type === CBOR_TYPE ? STREAM_CONTENT_TYPES[CBOR_TYPE] : `${type};stream=watch`
}

/** The clauses of an Accept header, best first. */
export function parseAccept(accept: string): readonly Clause[] {
  const clauses = accept
    .split(',', CLAUSES_MAX)
    .map((text): Clause => {
      const [type = '', ...rest] = text.split(';').map((part) => part.trim())
      const parameters = Object.fromEntries(
        rest.map((p) => {
          const equals = p.indexOf('=')
          return equals < 0
            ? [p.toLowerCase(), '']
            : [
                p.slice(0, equals).trim().toLowerCase(),
                p
                  .slice(equals + 1)
                  .trim()
                  .replaceAll('"', ''),
              ]
        }),
      )
      const quality = parameters['q'] === undefined ? 1 : Number(parameters['q'])
      return { type: type.toLowerCase(), parameters, quality: Number.isNaN(quality) ? 0 : quality }
    })
    .filter((c) => c.type === '*' || c.type.split('/').length === 2)
    .map((c) => (c.type === '*' ? { ...c, type: '*/*' } : c))
  return inUpstreamsOrder(clauses)
}

/**
 * As upstream's library sorts: a better quality comes first, but so does an exact type before a wildcard, and where these
 * disagree the order in which they came decides. Quality 0 is only the last choice, not a refusal.
 */
function inUpstreamsOrder(clauses: readonly Clause[]): readonly Clause[] {
  const sorted: Clause[] = []
  for (const clause of clauses) {
    let at = sorted.length
    while (at > 0 && comesFirst(clause, sorted[at - 1]!)) at--
    sorted.splice(at, 0, clause)
  }
  return sorted
}

function comesFirst(a: Clause, b: Clause): boolean {
  if (a.quality > b.quality) return true
  if (!a.type.startsWith('*') && b.type.startsWith('*')) return true
  return !a.type.endsWith('/*') && b.type.endsWith('/*')
}

/** Whether a clause's type takes this one. */
export function matches(asked: string, type: string): boolean {
  return asked === type || asked === '*/*' || (asked === 'application/*' && type.startsWith('application/'))
}

function viewOf({ parameters }: Clause, mediaType: MediaType): As | undefined {
  const { as, g, v } = parameters
  if (as === undefined && g === undefined && v === undefined) return 'object'
  if (g !== 'meta.k8s.io' || (v !== 'v1' && v !== 'v1beta1')) return undefined
  // A Table has no protobuf form.
  if (as === 'Table') return mediaType === PROTOBUF_TYPE ? undefined : 'Table'
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? as : undefined
}
