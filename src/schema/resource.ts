/** A resource: a declared kind plus where and how the API serves it. */

import { dns1035Label, dns1123Label, dns1123Subdomain, maskTrailingDash, pathSegment } from './names.ts'
import { message, type Message, type MessageClass, type MessageOptions, type Shape } from './message.ts'

/** What every API object has, as far as the kit is concerned; `#api/meta/v1/object-meta.ts` declares the whole. */
export interface KubeObject {
  readonly apiVersion?: string
  readonly kind?: string
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly uid: string
    readonly resourceVersion: string
    readonly creationTimestamp: string
    readonly generateName?: string
    readonly generation?: number
    readonly deletionTimestamp?: string
    readonly deletionGracePeriodSeconds?: number
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly finalizers?: readonly string[]
    readonly ownerReferences?: readonly OwnerReferenceShape[]
    readonly managedFields?: readonly ManagedFieldsShape[]
  }
}

interface OwnerReferenceShape {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
  readonly controller?: boolean
  readonly blockOwnerDeletion?: boolean
}

interface ManagedFieldsShape {
  readonly manager?: string
  readonly operation?: string
  readonly apiVersion?: string
  readonly time?: string
  readonly fieldsType?: string
  readonly fieldsV1?: object
  readonly subresource?: string
}

/** What a client sends to create. Anything may be missing: the server fills in what it can and refuses what it cannot do without. */
export type Draft<T extends KubeObject> = Sparse<T> & { readonly metadata: Partial<T['metadata']> }

type Sparse<T> = T extends readonly (infer Item)[]
  ? readonly Sparse<Item>[]
  : T extends object
    ? { readonly [Name in keyof T]?: Sparse<T[Name]> }
    : T

export type Verb = 'create' | 'delete' | 'deletecollection' | 'get' | 'list' | 'patch' | 'update' | 'watch'

/** A subresource: `status` and the like act on the parent's own kind; others (`scale`, `eviction`) on one of their own. */
export interface Subresource {
  readonly name: string
  readonly verbs: readonly Verb[]
  /** The kind it takes and answers with when that is not the parent's. */
  readonly kind?: { readonly group: string; readonly version: string; readonly kind: string }
}

/** A column of `kubectl get`; `priority` 1 shows only in `-o wide`. `now` is for ages, in milliseconds since the epoch. */
export interface Column<T> {
  readonly name: string
  readonly type: 'string' | 'integer' | 'number' | 'boolean' | 'date'
  readonly format?: string
  readonly description: string
  readonly priority?: number
  /** null where there is nothing to show. */
  cell(object: T, now: number): string | number | boolean | null
}

/** Reads one field; a method type, so that a `Resource<Pod>` is also a `Resource`. */
export type FieldOf<T> = { read(object: T): string }['read']

export interface Resource<T extends KubeObject = KubeObject> {
  readonly type: MessageClass<T>
  readonly group: string
  readonly version: string
  readonly kind: string
  /** `v1` or `apps/v1`. */
  readonly apiVersion: string
  readonly plural: string
  readonly singular: string
  /** The kind of its lists, where that is not the kind with List behind it. */
  readonly listKind?: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly scope: 'Namespaced' | 'Cluster'
  readonly verbs: readonly Verb[]
  readonly subresources: readonly Subresource[]
  readonly columns: readonly Column<T>[]
  /** Field selectors beyond `metadata.name` and `metadata.namespace`, by their path. */
  readonly selectable: Readonly<Record<string, FieldOf<T>>>
  /** What is wrong with a name, or with the base of a generated one (`prefix`). Most names are DNS subdomains. */
  readonly nameProblems: (name: string, prefix: boolean) => readonly string[]
  /** What everybody is told who still uses it. */
  readonly deprecation?: string
}

type Declaration<T extends KubeObject> = Pick<Resource<T>, 'group' | 'version' | 'kind' | 'plural' | 'scope'> &
  Partial<
    Pick<
      Resource<T>,
      | 'listKind'
      | 'shortNames'
      | 'categories'
      | 'verbs'
      | 'subresources'
      | 'columns'
      | 'selectable'
      | 'singular'
      | 'nameProblems'
      | 'deprecation'
    >
  >

const ALL_VERBS: readonly Verb[] = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch']

/** Declares where a kind is served. Verbs default to all eight. */
export function resource<T extends KubeObject>(type: MessageClass<T>, d: Declaration<NoInfer<T>>): Resource<T> {
  const declared: Resource<T> = {
    type,
    apiVersion: d.group === '' ? d.version : `${d.group}/${d.version}`,
    singular: d.kind.toLowerCase(),
    shortNames: [],
    categories: [],
    verbs: ALL_VERBS,
    subresources: [],
    columns: [],
    selectable: {},
    nameProblems: subdomainName,
    ...d,
  }
  resources.set(type.schema, declared as unknown as Resource)
  return declared
}

export function listKindOf({ kind, listKind }: Pick<Resource, 'kind' | 'listKind'>): string {
  return listKind ?? `${kind}List`
}

const resources = new WeakMap<Message, Resource>()

/** The resource a top-level message is served as. */
export function resourceOf(m: Message): Resource | undefined {
  return resources.get(m)
}

function named(check: (text: string) => string[]): (name: string, prefix: boolean) => string[] {
  return (name, prefix) => check(prefix ? maskTrailingDash(name) : name)
}

/** The rules that names follow. */
export const subdomainName = named(dns1123Subdomain)
export const labelName = named(dns1123Label)
export const dns1035Name = named(dns1035Label)
export const segmentName = pathSegment

const kinds = new WeakSet<Message>()

/** Declares a top-level object: a message whose JSON also carries `apiVersion` and `kind` (in protobuf, its envelope does). */
export function object<const F extends Parameters<typeof message>[1]>(
  name: string,
  fields: F,
  options: MessageOptions<Shape<F>> = {},
): MessageClass<{ readonly apiVersion?: string; readonly kind?: string } & Shape<F>> {
  const declared = message(name, fields, options)
  kinds.add(declared.schema)
  return declared as never
}

/** Says that a message made of another one is a top-level object too. */
export function markObject(m: Message): void {
  kinds.add(m)
}

/** Whether the message is a top-level object. */
export function isObject(m: Message): boolean {
  return kinds.has(m)
}

/** `pods`, `deployments.apps`: upstream's GroupResource text. */
export function groupResource(r: Pick<Resource, 'group' | 'plural'>): string {
  return r.group === '' ? r.plural : `${r.plural}.${r.group}`
}
