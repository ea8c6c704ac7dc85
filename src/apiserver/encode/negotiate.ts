/** Content negotiation: which media type, and which view of the object, the caller takes. */

import { notAcceptable } from '#apiserver/endpoints/errors.ts'

export const JSON_TYPE = 'application/json'
export const YAML_TYPE = 'application/yaml'
export const PROTOBUF_TYPE = 'application/vnd.kubernetes.protobuf'

export type MediaType = typeof JSON_TYPE | typeof YAML_TYPE | typeof PROTOBUF_TYPE

export const OBJECT_TYPES: readonly MediaType[] = [JSON_TYPE, YAML_TYPE, PROTOBUF_TYPE]
const STREAM_TYPES: readonly MediaType[] = [JSON_TYPE, PROTOBUF_TYPE]

/** `Table` and the metadata-only kinds stand in for the object itself. */
export type As = 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'

export interface Choice {
  readonly mediaType: MediaType
  readonly as: As
}

interface Clause {
  readonly type: string
  readonly parameters: Readonly<Record<string, string>>
  readonly quality: number
}

const CLAUSES_MAX = 64 // no client sends more than a handful; a long header must not cost

/** The first acceptable clause by quality; throws 406 when there is none. */
export function negotiate(accept: string | undefined, answer: 'object' | 'stream' | 'plain'): Choice {
  const types = answer === 'stream' ? STREAM_TYPES : OBJECT_TYPES
  if (accept === undefined || accept.trim() === '') return { mediaType: JSON_TYPE, as: 'object' }
  for (const clause of parseAccept(accept)) {
    const mediaType = types.find((t) => matches(clause.type, t))
    if (mediaType === undefined) continue
    const as = answer === 'plain' ? 'object' : viewOf(clause, mediaType)
    if (as !== undefined) return { mediaType, as }
  }
  throw notAcceptable(types.map((t) => (answer === 'stream' && t === PROTOBUF_TYPE ? `${t};stream=watch` : t)))
}

/** The clauses of an Accept header, best first. */
export function parseAccept(accept: string): readonly Clause[] {
  return accept
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
    .filter((c) => c.quality > 0)
    .toSorted((a, b) => b.quality - a.quality)
}

function matches(asked: string, type: string): boolean {
  return asked === type || asked === '*/*' || (asked === 'application/*' && type.startsWith('application/'))
}

function viewOf({ parameters }: Clause, mediaType: MediaType): As | undefined {
  const { as, g, v } = parameters
  if (as === undefined) return 'object'
  if (g !== 'meta.k8s.io' || v !== 'v1') return undefined
  // A Table has no protobuf form.
  if (as === 'Table') return mediaType === PROTOBUF_TYPE ? undefined : 'Table'
  return as === 'PartialObjectMetadata' || as === 'PartialObjectMetadataList' ? as : undefined
}
