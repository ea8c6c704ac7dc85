/** Says which operations a resource has at which paths, the same for both versions of OpenAPI. */

import type { Message } from './message.ts'
import type { DiscoveryKind } from './openapi-discovery.ts'
import type { GroupVersionKind } from './openapi-schema.ts'
import { listKindOf, type Resource, type Subresource, type Verb } from './resource.ts'

export interface Parameter {
  readonly name: string
  readonly in: 'query' | 'path'
  readonly type: 'string' | 'boolean' | 'integer'
  readonly description: string
}

/** What a body or an answer holds. */
export type Content =
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'list'; readonly item: Message; readonly kind: GroupVersionKind }
  | { readonly type: 'deleteOptions' | 'patch' | 'status' | 'watchEvent' | 'text' | DiscoveryKind }

export interface Operation {
  readonly method: 'get' | 'put' | 'post' | 'delete' | 'patch' | 'head' | 'options'
  readonly id: string
  readonly action?: string
  readonly description: string
  readonly gvk?: GroupVersionKind
  readonly parameters: readonly Parameter[]
  readonly body?: { readonly content: Content; readonly required: boolean }
  /** Status codes that carry `answer`. */
  readonly codes: readonly number[]
  readonly answer: Content
  readonly watches?: boolean
  /** Media types of the answer, where they are none of the usual ones. */
  readonly types?: readonly string[]
  /** Where it is not that of the group and version. */
  readonly tag?: string
  /** Of a kind defined at run time, which has no protobuf form and cannot be merged strategically. */
  readonly custom?: boolean
}

export interface Path {
  readonly path: string
  /** Version 3 says nothing of who may ask. */
  readonly withoutSecurity?: boolean
  readonly parameters: readonly Parameter[]
  readonly operations: readonly Operation[]
}

/** The message of a kind that a subresource takes in place of its parent's (Scale, Eviction, ...). */
export type KindLookup = (kind: GroupVersionKind) => Message | undefined

const query = (name: string, type: Parameter['type'], description: string): Parameter => ({ name, in: 'query', type, description })
const inPath = (name: string, description: string): Parameter => ({ name, in: 'path', type: 'string', description })

const PRETTY = query('pretty', 'string', 'Whether JSON is indented; by default only for browsers and command line clients.')
const DRY_RUN = query('dryRun', 'string', 'With All, everything is done except storing the outcome.')
const FIELD_MANAGER = query(
  'fieldManager',
  'string',
  'Who makes the change, for the record of managed fields; at most 128 printable characters.',
)
const FIELD_VALIDATION = query(
  'fieldValidation',
  'string',
  'What happens to unknown and duplicate fields: Ignore, Warn (the default) or Strict.',
)
const FORCE = query('force', 'boolean', 'Whether an apply takes over fields of other managers.')
const LIST = [
  query('allowWatchBookmarks', 'boolean', 'Whether the watch may carry bookmarks.'),
  query('continue', 'string', 'The token of the previous page.'),
  query('fieldSelector', 'string', 'Selects by fields.'),
  query('labelSelector', 'string', 'Selects by labels.'),
  query('limit', 'integer', 'The most items of one page.'),
  query('resourceVersion', 'string', 'Which version of the data may be answered, or where the watch starts.'),
  query('resourceVersionMatch', 'string', 'How resourceVersion is meant: NotOlderThan or Exact.'),
  query('sendInitialEvents', 'boolean', 'Whether the watch begins with what exists, ended by a bookmark.'),
  query('shardSelector', 'string', 'Selects a shard.'),
  query('timeoutSeconds', 'integer', 'Ends the list or watch after this time.'),
]
const WATCH = query('watch', 'boolean', 'Watch instead of list.')
const DELETE = [
  query('gracePeriodSeconds', 'integer', 'Seconds until the object is deleted; 0 is at once.'),
  query('ignoreStoreReadErrorWithClusterBreakingPotential', 'boolean', 'Deletes an object that cannot be read from the store.'),
  query('orphanDependents', 'boolean', 'Deprecated: use propagationPolicy.'),
  query('propagationPolicy', 'string', 'What becomes of dependents: Orphan, Background or Foreground.'),
]

const bySame = (parameters: readonly Parameter[]): readonly Parameter[] => parameters.toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** `AppsV1`, `CoreV1`, `RbacAuthorizationV1`: how operation ids name a group and version. */
export function groupVersionWord(group: string, version: string): string {
  const words = (group === '' ? 'core' : group.replace(/\.k8s\.io$/, '')).split('.')
  return [...words, version].map(capital).join('')
}

/** The tag of a group and version: `apps_v1`. */
export function tagOf(group: string, version: string): string {
  const word = groupVersionWord(group, version)
  return `${word[0]!.toLowerCase()}${word.slice(1, -capital(version).length)}_${version}`
}

export function basePath(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`
}

/** The paths of a group and version, discovery first. */
export function pathsOf(group: string, version: string, resources: readonly Resource[], kindOf: KindLookup): readonly Path[] {
  const base = basePath(group, version)
  const discovery: Path = {
    path: `${base}/`,
    parameters: [],
    operations: [
      {
        method: 'get',
        id: `get${groupVersionWord(group, version)}APIResources`,
        description: 'get available resources',
        parameters: [],
        codes: [200],
        answer: { type: 'APIResourceList' },
      },
    ],
  }
  return [discovery, ...resources.flatMap((r) => ownPaths(r, base, kindOf))].filter((p) => p.operations.length > 0)
}

function ownPaths(resource: Resource, base: string, kindOf: KindLookup): readonly Path[] {
  const paths = resourcePaths(resource, base, kindOf)
  if (!resource.type.schema.custom) return paths
  return paths.map((path) => ({ ...path, operations: path.operations.map((o) => ({ ...o, custom: true })) }))
}

function resourcePaths(resource: Resource, base: string, kindOf: KindLookup): readonly Path[] {
  const namespaced = resource.scope === 'Namespaced'
  const collection = `${base}${namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`
  const where = namespaced ? [inPath('namespace', 'The namespace.')] : []
  const name = inPath('name', `name of the ${resource.kind}`)
  const paths: Path[] = [
    { path: collection, parameters: bySame([...where, PRETTY]), operations: collectionOperations(resource) },
    { path: `${collection}/{name}`, parameters: bySame([name, ...where, PRETTY]), operations: objectOperations(resource) },
    ...resource.subresources.flatMap((s): Path[] => {
      const path = `${collection}/{name}/${s.name}`
      const parameters = [name, ...where, ...(OPTIONS[s.name] ?? []), ...(STREAMS.has(s.name) ? [] : [PRETTY])]
      const own = { path, parameters: bySame(parameters), operations: subresourceOperations(resource, s, kindOf) }
      if (s.name !== 'proxy') return [own]
      const below = inPath('path', 'The path to ask for.')
      return [
        own,
        { path: `${path}/{path}`, parameters: bySame([...parameters, below]), operations: connectOperations(resource, s, 'WithPath') },
      ]
    }),
    ...watchPaths(resource, base, where, name),
  ]
  if (namespaced && resource.verbs.includes('list')) {
    const everywhere = listOperation(resource, `${resource.kind}ForAllNamespaces`)
    paths.push({
      path: `${base}/${resource.plural}`,
      parameters: bySame([...LIST, PRETTY, WATCH]),
      operations: [{ ...everywhere, parameters: [] }],
    })
  }
  return paths
}

/** The way of watching from before lists could be watched; deprecated, yet there are clients that use it. */
function watchPaths(resource: Resource, base: string, where: readonly Parameter[], name: Parameter): readonly Path[] {
  if (!resource.verbs.includes('watch')) return []
  const namespaced = where.length > 0
  const old = `${base}/watch${namespaced ? '/namespaces/{namespace}' : ''}/${resource.plural}`
  const path = (at: string, parameters: readonly Parameter[], action: string, id: string, what: string): Path => ({
    path: at,
    parameters: bySame([...parameters, ...LIST, PRETTY, WATCH]),
    operations: [
      {
        method: 'get',
        id,
        action,
        description: `watch ${what}; deprecated: list with the parameter watch instead`,
        gvk: gvkOf(resource),
        parameters: [],
        codes: [200],
        answer: { type: 'watchEvent' },
        watches: true,
      },
    ],
  })
  const everywhere = `watch${groupVersionWord(resource.group, resource.version)}${resource.kind}ListForAllNamespaces`
  return [
    path(old, where, 'watchlist', idOf('watch', resource, 'List'), `objects of kind ${resource.kind}`),
    path(`${old}/{name}`, [...where, name], 'watch', idOf('watch', resource), `one object of kind ${resource.kind}`),
    ...(namespaced ? [path(`${base}/watch/${resource.plural}`, [], 'watchlist', everywhere, `objects of kind ${resource.kind}`)] : []),
  ]
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1)

function idOf(verb: string, resource: Resource, rest = ''): string {
  const { group, version, kind } = resource
  return `${verb}${groupVersionWord(group, version)}${rest === 'Collection' ? 'Collection' : ''}${resource.scope === 'Namespaced' ? 'Namespaced' : ''}${kind}${rest === 'Collection' ? '' : capital(rest || ' ').trim()}`
}

function gvkOf({ group, version, kind }: GroupVersionKind): GroupVersionKind {
  return { group, kind, version }
}

function listOperation(resource: Resource, word: string): Operation {
  const kind = { ...gvkOf(resource), kind: listKindOf(resource) }
  return {
    method: 'get',
    id: `list${groupVersionWord(resource.group, resource.version)}${word}`,
    action: 'list',
    description: `list or watch objects of kind ${resource.kind}`,
    gvk: gvkOf(resource),
    parameters: [...LIST, WATCH],
    codes: [200],
    answer: { type: 'list', item: resource.type.schema, kind },
    watches: true,
  }
}

function collectionOperations(resource: Resource): readonly Operation[] {
  const message: Content = { type: 'message', message: resource.type.schema }
  const gvk = gvkOf(resource)
  const operations: Partial<Record<Verb, Operation>> = {
    list: listOperation(resource, `${resource.scope === 'Namespaced' ? 'Namespaced' : ''}${resource.kind}`),
    create: {
      method: 'post',
      id: idOf('create', resource),
      action: 'post',
      description: `create ${article(resource.kind)} ${resource.kind}`,
      gvk,
      parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION],
      body: { content: message, required: true },
      codes: [200, 201, 202],
      answer: message,
    },
    deletecollection: {
      method: 'delete',
      id: idOf('delete', resource, 'Collection'),
      action: 'deletecollection',
      description: `delete collection of ${resource.kind}`,
      gvk,
      parameters: bySame([DRY_RUN, ...DELETE, ...LIST.filter((p) => p.name !== 'allowWatchBookmarks')]),
      body: { content: { type: 'deleteOptions' }, required: false },
      codes: [200],
      answer: { type: 'status' },
    },
  }
  return pick(operations, resource.verbs)
}

/** Kinds whose deletion answers with the object rather than a Status. */
const ANSWERS_WITH_OBJECT = new Set([
  'Pod',
  'Service',
  'ServiceAccount',
  'PodTemplate',
  'PersistentVolume',
  'PersistentVolumeClaim',
  'ResourceQuota',
  'StorageClass',
  'VolumeAttachment',
  'CSIDriver',
  'CSINode',
  'VolumeAttributesClass',
  'DeviceClass',
  'DeviceTaintRule',
  'ResourceClaim',
  'ResourceClaimTemplate',
  'ResourceSlice',
  'ResourcePoolStatusRequest',
])

function objectOperations(resource: Resource): readonly Operation[] {
  const message: Content = { type: 'message', message: resource.type.schema }
  const gvk = gvkOf(resource)
  return pick(
    {
      ...editOperations(resource, '', message, gvk, `the specified ${resource.kind}`),
      delete: {
        method: 'delete',
        id: idOf('delete', resource),
        action: 'delete',
        description: `delete ${article(resource.kind)} ${resource.kind}`,
        gvk,
        parameters: bySame([DRY_RUN, ...DELETE]),
        body: { content: { type: 'deleteOptions' }, required: false },
        codes: [200, 202],
        answer: ANSWERS_WITH_OBJECT.has(resource.kind) ? message : { type: 'status' },
      },
    },
    resource.verbs,
  )
}

function editOperations(
  resource: Resource,
  rest: string,
  message: Content,
  gvk: GroupVersionKind,
  what: string,
): Partial<Record<Verb, Operation>> {
  return {
    get: {
      method: 'get',
      id: idOf('read', resource, rest),
      action: 'get',
      description: `read ${what}`,
      gvk,
      parameters: [],
      codes: [200],
      answer: message,
    },
    update: {
      method: 'put',
      id: idOf('replace', resource, rest),
      action: 'put',
      description: `replace ${what}`,
      gvk,
      parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION],
      body: { content: message, required: true },
      codes: [200, 201],
      answer: message,
    },
    patch: {
      method: 'patch',
      id: idOf('patch', resource, rest),
      action: 'patch',
      description: `partially update ${what}`,
      gvk,
      parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION, FORCE],
      body: { content: { type: 'patch' }, required: true },
      codes: [200, 201],
      answer: message,
    },
  }
}

const STREAM = [
  query('stderr', 'boolean', 'Whether standard error is wanted.'),
  query('stdin', 'boolean', 'Whether standard input is given.'),
  query('stdout', 'boolean', 'Whether standard output is wanted.'),
  query('tty', 'boolean', 'Whether the process has a terminal.'),
]
const CONTAINER = query('container', 'string', 'The container; by default the only one, or the one an annotation names.')

/** Query parameters of subresources whose options are no body. */
const OPTIONS: Readonly<Record<string, readonly Parameter[]>> = {
  attach: [CONTAINER, ...STREAM],
  exec: [query('command', 'string', 'One word of the command; given once for each.'), CONTAINER, ...STREAM],
  portforward: [query('ports', 'integer', 'Ports to forward.')],
  proxy: [query('path', 'string', 'The path to ask for.')],
  log: [
    CONTAINER,
    query('follow', 'boolean', 'Whether to go on as lines are written.'),
    query('insecureSkipTLSVerifyBackend', 'boolean', 'Whether to trust any certificate of the node.'),
    query('limitBytes', 'integer', 'The most bytes to answer with.'),
    query('previous', 'boolean', 'Whether to read the log of the instance before.'),
    query('sinceSeconds', 'integer', 'Only lines of the last so many seconds.'),
    query('stream', 'string', 'All, Stdout or Stderr.'),
    query('tailLines', 'integer', 'Only so many lines of the end.'),
    query('timestamps', 'boolean', 'Whether each line begins with its time.'),
  ],
}

/** Subresources that hand a connection through, with the text that passes as their content. */
const STREAMS = new Set(['attach', 'exec', 'portforward', 'proxy'])

function subresourceOperations(resource: Resource, sub: Subresource, kindOf: KindLookup): readonly Operation[] {
  const gvk = gvkOf(sub.kind ?? resource)
  const declared = sub.kind === undefined ? resource.type.schema : kindOf(sub.kind)
  const word = sub.name === 'ephemeralcontainers' ? 'Ephemeralcontainers' : capital(sub.name)
  if (STREAMS.has(sub.name)) return connectOperations(resource, sub)
  if (sub.name === 'log' || declared === undefined) {
    const description = `read ${sub.name} of the specified ${resource.kind}`
    const read = { id: idOf('read', resource, word), action: 'get', description, gvk, parameters: [], codes: [200] }
    return sub.verbs.includes('get') ? [{ method: 'get', ...read, answer: { type: 'text' } }] : []
  }
  const message: Content = { type: 'message', message: declared }
  return pick(
    {
      ...editOperations(resource, word, message, gvk, `${sub.name} of the specified ${resource.kind}`),
      create: {
        method: 'post',
        id: idOf('create', resource, word),
        action: 'post',
        description: `create ${sub.name} of ${article(resource.kind)} ${resource.kind}`,
        gvk,
        parameters: [DRY_RUN, FIELD_MANAGER, FIELD_VALIDATION],
        body: { content: message, required: true },
        codes: [200, 201, 202],
        answer: message,
      },
    },
    sub.verbs,
  )
}

const METHODS: Readonly<Partial<Record<Verb, Operation['method']>>> = {
  get: 'get',
  create: 'post',
  update: 'put',
  delete: 'delete',
  patch: 'patch',
}

/** What hands a connection through takes any method, of which a proxy passes also those that are no verbs of resources. */
function connectOperations(resource: Resource, sub: Subresource, suffix = ''): readonly Operation[] {
  const methods = [...sub.verbs.flatMap((v) => METHODS[v] ?? []), ...(sub.name === 'proxy' ? (['head', 'options'] as const) : [])]
  const group = groupVersionWord(resource.group, resource.version)
  return methods.map((method) => ({
    method,
    id: idOf('connect', resource, capital(sub.name) + suffix).replace(group, (w) => w + capital(method)),
    action: 'connect',
    description: `connect ${method.toUpperCase()} requests to ${sub.name} of ${resource.kind}`,
    gvk: gvkOf(sub.kind ?? resource),
    parameters: [],
    codes: [200],
    answer: { type: 'text' },
  }))
}

function pick(operations: Partial<Record<Verb, Operation>>, verbs: readonly Verb[]): readonly Operation[] {
  return Object.entries(operations).flatMap(([verb, o]) => (verbs.includes(verb as Verb) ? [o] : []))
}

const article = (kind: string): string => (/^[AEIOU]/.test(kind) ? 'an' : 'a')
