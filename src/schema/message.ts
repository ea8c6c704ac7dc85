/** The schema kit's declarations: a message is declared once, and everything else (codecs, defaults, rules) walks it. */

import type { FieldError } from './field-error.ts'

declare const valueType: unique symbol

/** What a field holds. `T` is the static type of its JSON value; `node` is what derivations walk. */
export interface Type<T> {
  readonly [valueType]?: T
  readonly node: TypeNode
}

/**
 * The shapes a value can take, named after how upstream's Go types look in JSON.
 * `time` is RFC 3339 in seconds, `microTime` in microseconds, `bytes` base64, `duration` Go's "1m30s", `quantity` "100m".
 */
export type TypeNode =
  /** `values` closes the set; errors list it sorted, or as declared where `ordered`. */
  | { readonly type: 'string'; readonly values?: readonly string[]; readonly ordered?: boolean }
  | { readonly type: 'bool' }
  | { readonly type: 'int32' | 'int64'; readonly min?: number; readonly max?: number }
  | { readonly type: 'double' }
  | GrpcScalar
  /** `listType` is told of bytes that upstream calls an atomic list. */
  | { readonly type: 'bytes'; readonly listType?: 'atomic' }
  | { readonly type: 'quantity' | 'time' | 'microTime' | 'duration' | 'intOrString' }
  /** Any JSON value: `raw` is RawExtension (an object of any kind), `json` apiextensions' JSON, `fieldsV1` managed fields. */
  | { readonly type: 'raw' | 'json' | 'fieldsV1' }
  | ListNode
  | MapNode
  | { readonly type: 'message'; readonly message: () => Message }
  | VariantNode

/**
 * Scalars that only gRPC messages (CRI, etcd, CSI) have. `wideInt64` and `wideUint64` are bigints, for what does not fit a
 * number (nanoseconds since the epoch, lease ids); `binary` is raw bytes; `enumeration` the name of a protobuf enum value.
 */
export type GrpcScalar =
  | { readonly type: 'uint32' | 'uint64' | 'wideInt64' | 'wideUint64' | 'float' | 'binary' }
  | { readonly type: 'enumeration'; readonly numbers: Readonly<Record<string, number>> }

/** How concurrent writers merge a list: `patch` is strategic merge, `listType`/`keys` are server-side apply. */
export interface ListNode {
  readonly type: 'list'
  readonly of: TypeNode
  readonly listType?: 'atomic' | 'set' | 'map'
  readonly keys?: readonly string[]
  readonly patch?: { readonly strategy: 'merge' | 'replace' | 'retainKeys' | 'merge,retainKeys'; readonly mergeKey?: string }
  /** In protobuf the list is a message of its own with the elements in field 1 (upstream's `ExtraValue`, `Verbs`). */
  readonly wrapped?: boolean
}

/** Either a message or something else, told apart by how it looks in JSON; in protobuf a message with a field for each. */
export interface VariantNode {
  readonly type: 'variant'
  /** The whole's protobuf name. */
  readonly name: string
  readonly message: () => Message
  readonly number: number
  readonly other: TypeNode
  readonly otherNumber: number
  /** What the other field says beside a message (apiextensions' `allows`). */
  readonly beside?: unknown
}

export interface MapNode {
  readonly type: 'map'
  readonly of: TypeNode
  readonly mapType?: 'atomic' | 'granular'
}

/** One field of a message. `number` is its protobuf number; `json: 'inline'` puts the members into the parent's JSON. */
export interface Field {
  readonly name: string
  readonly number: number
  readonly node: TypeNode
  /**
   * `required`: validation wants it and JSON always shows it. `always`: a struct by value upstream, so JSON always shows it
   * (`status: {}`). `optional`: absent unless set; a zero counts as absent unless `keepsZero`.
   */
  readonly presence: 'required' | 'always' | 'optional'
  readonly inline: boolean
  readonly keepsZero: boolean
  readonly doc: string
  readonly default?: unknown
  readonly immutable?: boolean
  readonly deprecated?: boolean
  /** Strategic merge of a message field (`retainKeys`). */
  readonly patch?: 'retainKeys' | 'merge' | 'replace'
  /** Of a map or message field, when it differs from what the message says of itself. */
  readonly mapType?: 'atomic' | 'granular'
  readonly validate?: readonly Check[]
  /** Required by its presence, yet an empty value is a value. */
  readonly mayBeEmpty?: boolean
  /** The check of the message around it looks at it, with `partErrors`, as only that knows what counts. */
  readonly checkedAbove?: boolean
}

/** A check of one value: undefined when it holds, else what upstream's `field.Invalid` would say. */
export type Check = (value: never) => string | undefined

/** A declared message: its protobuf name and fields in declaration order, plus rules that span fields. */
export interface Message {
  readonly name: string
  readonly fields: readonly Field[]
  readonly byName: ReadonlyMap<string, Field>
  /** What members are that no field declares, where such may be; absent: there are none. Only server-side apply asks. */
  readonly rest?: TypeNode
  readonly rules: readonly Rule<never>[]
  /** Fills what a plain field default cannot say; returns the members to add. Runs before the members' own defaults. */
  readonly defaults?: (value: never) => object | undefined
  /** What is wrong with a value, beyond its fields' own types; `path` is where it lies. */
  readonly check?: (value: never, path: string) => readonly FieldError[]
  /** What is wrong with a change from `old`; `subresource` is the path it came by, '' for the object's own, when that is known. */
  readonly checkUpdate?: (value: never, old: never, path: string, subresource: string | undefined) => readonly FieldError[]
  /** What clients are told of a value that is let through, as texts for `Warning` headers. */
  readonly warn?: (value: never, path: string) => readonly string[]
  /** Members of which exactly one (or at most one) may be set. */
  readonly unions: readonly Union[]
  readonly doc: string
  /**
   * How protobuf packs it. `gogo` is upstream's API encoding (proto2, lists of scalars unpacked); `proto3` that of gRPC
   * messages, where zeros are not sent (unless `keepsZero`, for members of a oneof) and lists of numbers are packed.
   */
  readonly syntax: 'gogo' | 'proto3'
  /** Server-side apply takes it as a whole wherever it stands. */
  readonly mapType?: 'atomic'
  /** Of a kind whose shape is only known at run time: what decodes, fills in and checks its objects in place of the fields. */
  readonly custom?: CustomRules
}

type OpenApiProperty = Readonly<Record<string, unknown>>

/** The rules of a kind that was defined at run time, for whole objects. Its fields only say who may own what. */
export interface CustomRules {
  /** Throws what `decode` throws. */
  readonly decode: (input: unknown) => { readonly value: Record<string, unknown>; readonly unknown: readonly string[] }
  readonly fillDefaults: (value: object) => object
  /** `metadata` is what is wrong with the object's metadata; `subresource` is the path a change from `old` came by. */
  readonly errors: (
    value: object,
    metadata: readonly FieldError[],
    change?: { readonly old: object; readonly subresource: string },
  ) => readonly FieldError[]
  /** The schema as OpenAPI documents show it; `meta` are the properties that every object has. */
  readonly openApi: (dialect: 'v2' | 'v3', meta: Readonly<Record<'apiVersion' | 'kind' | 'metadata', OpenApiProperty>>) => OpenApiProperty
  /** Changes when `openApi` does. */
  readonly fingerprint: () => string
}

export interface Union {
  readonly discriminator?: string
  readonly members: readonly string[]
  readonly required: boolean
  /** Whether upstream's OpenAPI document tells of it; it does of all that have a discriminator. */
  readonly published?: boolean
}

/** A rule over one message: `ok` decides, `field` is the path below the message that is blamed. */
export interface Rule<T> {
  readonly field: string
  readonly message: string
  readonly reason?: 'Invalid' | 'Required' | 'Forbidden' | 'NotSupported' | 'Duplicate'
  readonly ok: (value: T) => boolean
  /** The offending value to show; by default the one at `field`. */
  readonly value?: (value: T) => unknown
}

export interface FieldOptions<T> {
  readonly doc?: string
  readonly default?: T extends readonly (infer E)[] ? readonly E[] : T extends object ? Partial<T> : T
  readonly immutable?: boolean
  readonly deprecated?: boolean
  readonly keepsZero?: boolean
  readonly patch?: 'retainKeys' | 'merge' | 'replace'
  readonly mapType?: 'atomic' | 'granular'
  readonly validate?: readonly ((value: T) => string | undefined)[]
  readonly mayBeEmpty?: boolean
  readonly checkedAbove?: boolean
}

interface Declared<T, P extends 'required' | 'optional' | 'inline'> {
  readonly [valueType]?: T
  readonly typed: P
  readonly number: number
  readonly node: TypeNode
  readonly presence: Field['presence']
  readonly inline: boolean
  readonly options: FieldOptions<never>
}

type TypeOrClass<T> = Type<T> | MessageClass<T>

/** A message class: `class Probe extends message(...) {}` is both the static type of its values and their declaration. */
export interface MessageClass<T> {
  new (): T
  readonly schema: Message
}

/** A field that may be absent. */
export function opt<T>(number: number, type: TypeOrClass<T>, options: FieldOptions<T> = {}): Declared<T, 'optional'> {
  return { typed: 'optional', number, node: nodeOf(type), presence: 'optional', inline: false, options: options as FieldOptions<never> }
}

/** A field that validation demands. */
export function req<T>(number: number, type: TypeOrClass<T>, options: FieldOptions<T> = {}): Declared<T, 'required'> {
  return { typed: 'required', number, node: nodeOf(type), presence: 'required', inline: false, options: options as FieldOptions<never> }
}

/** A struct held by value upstream: always there, `{}` when nothing was said (`spec`, `status`, `resources`). */
export function val<T>(number: number, type: TypeOrClass<T>, options: FieldOptions<T> = {}): Declared<T, 'required'> {
  return { typed: 'required', number, node: nodeOf(type), presence: 'always', inline: false, options: options as FieldOptions<never> }
}

/** A field the server sets on every published object, absent only on what clients send (`name`, `uid`). */
export function set<T>(number: number, type: TypeOrClass<T>, options: FieldOptions<T> = {}): Declared<T, 'required'> {
  return { ...opt(number, type, options), typed: 'required' } as unknown as Declared<T, 'required'>
}

/** A message whose members lie in the parent's JSON, and in a message of their own in protobuf. */
export function inline<T>(number: number, type: MessageClass<T>): Declared<T, 'inline'> {
  return { typed: 'inline', number, node: nodeOf(type), presence: 'always', inline: true, options: {} }
}

type Fields = Record<string, Declared<unknown, 'required' | 'optional' | 'inline'>>
type ValueOf<D> = D extends Declared<infer T, 'required' | 'optional' | 'inline'> ? T : never
type KeysOf<F extends Fields, P> = { [K in keyof F]: F[K]['typed'] extends P ? K : never }[keyof F]
type Intersection<U> = (U extends unknown ? (u: U) => void : never) extends (i: infer I) => void ? I : never
type InlineOf<F extends Fields> = [KeysOf<F, 'inline'>] extends [never] ? unknown : Intersection<ValueOf<F[KeysOf<F, 'inline'>]>>

/** The static type of a declared message's JSON value. */
export type Shape<F extends Fields> = { readonly [K in KeysOf<F, 'required'>]: ValueOf<F[K]> } & {
  readonly [K in KeysOf<F, 'optional'>]?: ValueOf<F[K]>
} & InlineOf<F>

export interface MessageOptions<T> {
  readonly rules?: readonly Rule<T>[]
  readonly unions?: readonly Union[]
  readonly defaults?: (value: T) => Partial<T> | undefined
  readonly check?: (value: T, path: string) => readonly FieldError[]
  readonly checkUpdate?: (value: T, old: T, path: string, subresource: string | undefined) => readonly FieldError[]
  readonly warn?: (value: T, path: string) => readonly string[]
  readonly doc?: string
  readonly syntax?: Message['syntax']
  readonly mapType?: 'atomic'
}

/** Declares a message by its protobuf name. Field names are JSON names; numbers are protobuf's and must be unique. */
export function message<const F extends Fields>(name: string, fields: F, options: MessageOptions<Shape<F>> = {}): MessageClass<Shape<F>> {
  const list = Object.entries(fields).map(([fieldName, d]): Field => ({
    name: fieldName,
    number: d.number,
    node: d.node,
    presence: d.presence,
    inline: d.inline,
    keepsZero: false,
    doc: '',
    ...(d.options as object),
  }))
  const schema: Message = {
    name,
    fields: list,
    byName: new Map(list.map((f) => [f.name, f])),
    rules: (options.rules ?? []) as unknown as readonly Rule<never>[],
    unions: options.unions ?? [],
    doc: options.doc ?? '',
    syntax: options.syntax ?? 'gogo',
    ...(options.mapType && { mapType: options.mapType }),
    ...(options.defaults && { defaults: options.defaults as (value: never) => object | undefined }),
    ...(options.check && { check: options.check as Message['check'] & {} }),
    ...(options.checkUpdate && { checkUpdate: options.checkUpdate as Message['checkUpdate'] & {} }),
  }
  return class {
    static readonly schema = schema
  } as unknown as MessageClass<Shape<F>>
}

/** What `rulesFor` adds to a declaration. */
export type Governance<T> = Pick<MessageOptions<T>, 'defaults' | 'check' | 'checkUpdate' | 'warn'>

/**
 * Gives a declared message its defaults and checks where they live in a file of their own; called once, right below the
 * declaration, before anything walks it.
 */
export function rulesFor<T>(type: MessageClass<T>, governance: Governance<T>): void {
  Object.assign(type.schema, governance)
}

export function nodeOf(type: TypeOrClass<unknown>): TypeNode {
  if ('node' in type) return type.node
  return { type: 'message', message: () => type.schema }
}

/** A reference to a message declared later or recursively. */
export function lazy<T>(of: () => MessageClass<T>): Type<T> {
  return { node: { type: 'message', message: () => of().schema } }
}

export const string: Type<string> = { node: { type: 'string' } }
export const bool: Type<boolean> = { node: { type: 'bool' } }
export const double: Type<number> = { node: { type: 'double' } }
export const bytes: Type<string> = { node: { type: 'bytes' } }
export const quantity: Type<string> = { node: { type: 'quantity' } }
export const time: Type<string> = { node: { type: 'time' } }
export const microTime: Type<string> = { node: { type: 'microTime' } }
export const duration: Type<string> = { node: { type: 'duration' } }
export const intOrString: Type<number | string> = { node: { type: 'intOrString' } }
export const raw: Type<Readonly<Record<string, unknown>>> = { node: { type: 'raw' } }
export const json: Type<unknown> = { node: { type: 'json' } }
export const fieldsV1: Type<Readonly<Record<string, unknown>>> = { node: { type: 'fieldsV1' } }

export const uint32: Type<number> = { node: { type: 'uint32' } }
export const uint64: Type<number> = { node: { type: 'uint64' } }
export const wideInt64: Type<bigint> = { node: { type: 'wideInt64' } }
export const wideUint64: Type<bigint> = { node: { type: 'wideUint64' } }
export const float: Type<number> = { node: { type: 'float' } }
export const binary: Type<Uint8Array> = { node: { type: 'binary' } }

/** A protobuf enum, by the names of its values; an unknown number decodes as its decimal text. */
export function enumeration<const N extends Readonly<Record<string, number>>>(numbers: N): Type<keyof N & string> {
  return { node: { type: 'enumeration', numbers } }
}

export function int32(range: { readonly min?: number; readonly max?: number } = {}): Type<number> {
  return { node: { type: 'int32', ...range } }
}

export function int64(range: { readonly min?: number; readonly max?: number } = {}): Type<number> {
  return { node: { type: 'int64', ...range } }
}

/** A string of a closed set of values; validation answers NotSupported with the list. */
export function oneOf<const V extends readonly string[]>(...values: V): Type<V[number]> {
  return { node: { type: 'string', values } }
}

/** Like `oneOf`, where upstream's message lists the values in an order of its own. */
export function oneOfInOrder<const V extends readonly string[]>(...values: V): Type<V[number]> {
  return { node: { type: 'string', values, ordered: true } }
}

export function list<T>(of: TypeOrClass<T>, merge: Omit<ListNode, 'type' | 'of'> = {}): Type<readonly T[]> {
  return { node: { type: 'list', of: nodeOf(of), ...merge } }
}

export function map<T>(of: TypeOrClass<T>, options: Pick<MapNode, 'mapType'> = {}): Type<Readonly<Record<string, T>>> {
  return { node: { type: 'map', of: nodeOf(of), ...options } }
}
