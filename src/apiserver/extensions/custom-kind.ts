/** A version of a defined resource as a kind of the API: its declaration, columns, selectable fields, strategy and facets. */

import { createHash } from 'node:crypto'
import { columnsOf } from './columns.ts'
import { memberAt, simplePath } from './json-path.ts'
import { scaleErrors, scaleFacet } from './scale.ts'
import { customSchema, type CustomSchema } from './schema/custom-schema.ts'
import { openApiSchemaOf } from './open-api-schema.ts'
import type { CustomResourceDefinition, CustomResourceDefinitionVersion } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import type { Facet, Stored, Strategy } from '#apiserver/registry/strategy.ts'
import { withStatus } from '#apiserver/registry/update.ts'
import { decode, DecodeError } from '#schema/decode.ts'
import type { CustomRules, Message, MessageClass } from '#schema/message.ts'
import { markObject, resource, type KubeObject, type Resource, type Subresource, type Verb } from '#schema/resource.ts'

export interface CustomKind {
  readonly version: CustomResourceDefinitionVersion
  readonly resource: Resource
  readonly strategy: Strategy
  readonly facets: Readonly<Record<string, Facet>>
  readonly schema: CustomSchema
}

type Json = Readonly<Record<string, unknown>>

/** In upstream's order, which discovery shows. */
const VERBS: readonly Verb[] = ['delete', 'deletecollection', 'get', 'list', 'patch', 'create', 'update', 'watch']
const VERBS_OF_PARTS: readonly Verb[] = ['get', 'patch', 'update']
const SCALE = { group: 'autoscaling', version: 'v1', kind: 'Scale' }

/** Named as was accepted. What costs something, the schema's declaration above all, is made when it is first looked at. */
export function customKind({ spec, status }: CustomResourceDefinition, version: CustomResourceDefinitionVersion): CustomKind {
  const { group } = spec
  const { plural, singular, kind, listKind, shortNames, categories } = status.acceptedNames
  const { subresources, selectableFields } = version
  let schema: CustomSchema | undefined
  const schemaOf = () =>
    (schema ??= customSchema(version.schema?.openAPIV3Schema, { kind, preserveUnknownFields: spec.preserveUnknownFields === true }))
  const statusApart = subresources?.status !== undefined
  const scale = subresources?.scale
  const parts: readonly Subresource[] = [
    ...(statusApart ? [{ name: 'status', verbs: VERBS_OF_PARTS }] : []),
    ...(scale ? [{ name: 'scale', verbs: VERBS_OF_PARTS, kind: SCALE }] : []),
  ]
  const rules: CustomRules = {
    decode: (input) => decodeCustom(input, schemaOf()),
    fillDefaults: (value) => schemaOf().fillDefaults(value as Json),
    errors: (value, metadata, change) => [
      ...schemaOf().validate(value as Json, {
        before: metadata,
        ...(change && { old: change.old as Json, isStatus: change.subresource === 'status' }),
      }),
      ...(scale ? scaleErrors(scale, value as Json, change?.subresource ?? '', statusApart) : []),
    ],
    openApi: (dialect, meta) => openApiSchemaOf(version.schema?.openAPIV3Schema, dialect, meta, spec.preserveUnknownFields === true),
    fingerprint: () =>
      createHash('sha256')
        .update(JSON.stringify([group, version, status.acceptedNames, spec.scope]))
        .digest('base64'),
  }
  const message = customMessage(`${group.split('.').toReversed().join('.')}.${version.name}.${kind}`, rules, () => schemaOf().declaration)
  const declared = resource({ schema: message } as unknown as MessageClass<KubeObject>, {
    group,
    version: version.name,
    kind,
    ...(listKind && { listKind }),
    plural,
    singular: singular ?? '',
    scope: spec.scope as Resource['scope'],
    shortNames: shortNames ?? [],
    categories: categories ?? [],
    verbs: VERBS,
    subresources: parts,
    columns: columnsOf(version.additionalPrinterColumns),
    selectable: Object.fromEntries((selectableFields ?? []).map(({ jsonPath }) => [jsonPath.replace(/^\./, ''), textAt(jsonPath)])),
  })
  const strategy = customStrategy(statusApart, schemaOf)
  return {
    version,
    resource: declared,
    strategy,
    facets: { status: statusOfCustom, ...(scale && { scale: scaleFacet(scale, strategy) }) },
    get schema() {
      return schemaOf()
    },
  }
}

/** Its fields are read by server-side apply alone. */
function customMessage(name: string, custom: CustomRules, declaration: () => Message): Message {
  let made: Message | undefined
  const declared = () => (made ??= declaration())
  const message: Message = {
    name,
    custom,
    rules: [],
    unions: [],
    doc: '',
    syntax: 'gogo',
    get fields() {
      return declared().fields
    },
    get byName() {
      return declared().byName
    },
    get rest() {
      return declared().rest as Message['rest'] & {}
    },
    get mapType() {
      return declared().mapType as 'atomic'
    },
  }
  markObject(message)
  return message
}

function decodeCustom(input: unknown, schema: CustomSchema): { value: Record<string, unknown>; unknown: readonly string[] } {
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    throw new DecodeError(Array.isArray(input) ? 'array' : typeof input === 'boolean' ? 'bool' : typeof input, 'map[string]interface {}')
  const metadata = decode(ObjectMeta.schema, (input as Json)['metadata'] ?? {}, 'metadata')
  const { object, pruned } = schema.prune({ ...(input as Json), metadata: metadata.value } as Json)
  const coerced = schema.coerce(object)
  if (coerced.error) throw new DecodeError(coerced.error.message)
  const gone = [...pruned, ...coerced.pruned].map((path) => `unknown field ${JSON.stringify(path)}`)
  return { value: coerced.object as Record<string, unknown>, unknown: [...metadata.unknown, ...gone] }
}

/** Anything but metadata moves the generation, the status too where it has no path of its own. */
function customStrategy(statusApart: boolean, schema: () => CustomSchema): Strategy {
  return {
    generation: 'all but metadata',
    unconditionalUpdate: false,
    initialStatus: 'as given',
    warnsOnUpdate: 'always',
    warnings: (object, old) => [...finalizerWarnings(object, old), ...schema().warnings(object as unknown as Json)],
    ...(statusApart && { prepareCreate: (object) => withStatus(object, undefined) }),
  }
}

const COLLECTOR_FINALIZERS: ReadonlySet<string> = new Set(['orphan', 'foregroundDeletion'])

/** Of finalizers that are new: whose they are should be plain. */
function finalizerWarnings({ metadata }: Stored, old: Stored | undefined): readonly string[] {
  return (metadata.finalizers ?? [])
    .filter((name) => !name.includes('/') && !COLLECTOR_FINALIZERS.has(name) && !old?.metadata.finalizers?.includes(name))
    .toSorted()
    .map(
      (name) =>
        `metadata.finalizers: ${JSON.stringify(name)}: prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`,
    )
}

/** Of what comes by the status path only the status counts. */
const statusOfCustom: Facet = {
  subresource: 'status',
  read: (stored) => stored,
  write: (next, old) => withStatus(old, (next as Stored).status),
}

function textAt(jsonPath: string) {
  const path = simplePath(jsonPath)
  return (object: KubeObject): string => {
    const value = memberAt(object, path)
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
  }
}
