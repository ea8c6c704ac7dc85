/** The operations that tell which groups and versions there are, and the schemas of what they answer. */

import { groupVersionWord, type Operation, type Path } from './openapi-paths.ts'
import { reference, type OpenApiSchema, type SchemaCollection } from './openapi-schema.ts'

export type DiscoveryKind = 'APIVersions' | 'APIGroupList' | 'APIGroup' | 'APIResourceList' | 'VersionInfo'

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1'

/** What is at `/api`, `/apis`, `/apis/GROUP` and beside them: the document of each, by its path in the index of documents. */
export function discoveryPaths(groups: readonly string[]): ReadonlyMap<string, Path> {
  const named = [...new Set(groups)].filter((group) => group !== '')
  return new Map([
    ['api', path('/api/', 'core', 'getCoreAPIVersions', 'get available API versions', 'APIVersions')],
    ['apis', path('/apis/', 'apis', 'getAPIVersions', 'get available API versions', 'APIGroupList')],
    ...named.map((group): [string, Path] => {
      const word = groupVersionWord(group, '')
      const tag = word[0]!.toLowerCase() + word.slice(1)
      return [`apis/${group}`, path(`/apis/${group}/`, tag, `get${word}APIGroup`, 'get information of a group', 'APIGroup')]
    }),
    ['version', path('/version/', 'version', 'getCodeVersion', 'get the version of this server', 'VersionInfo')],
  ])
}

/** What is said without a token's being asked for: how others verify the tokens of service accounts. */
export const issuerPaths: ReadonlyMap<string, Path> = new Map([
  [
    '.well-known/openid-configuration',
    open(
      '/.well-known/openid-configuration/',
      'WellKnown',
      'getServiceAccountIssuerOpenIDConfiguration',
      'get who issues tokens of service accounts, as OpenID Connect has it',
      'application/json',
    ),
  ],
  [
    'openid/v1/jwks',
    open(
      '/openid/v1/jwks/',
      'openid',
      'getServiceAccountIssuerOpenIDKeyset',
      'get the public keys that verify tokens of service accounts',
      'application/jwk-set+json',
    ),
  ],
])

function open(at: string, tag: string, id: string, description: string, type: string): Path {
  const operation: Operation = {
    method: 'get',
    id,
    tag,
    description,
    parameters: [],
    codes: [200],
    answer: { type: 'text' },
    types: [type],
  }
  return { path: at, parameters: [], operations: [operation], withoutSecurity: true }
}

const ZEROS: Readonly<Record<string, unknown>> = { string: '', boolean: false }

function path(at: string, tag: string, id: string, description: string, type: DiscoveryKind): Path {
  const operation: Operation = { method: 'get', id, tag, description, parameters: [], codes: [200], answer: { type } }
  return { path: at, parameters: [], operations: [operation] }
}

/** Adds the schema of an answer with all it needs. */
export function addDiscovery(schemas: SchemaCollection, kind: DiscoveryKind): OpenApiSchema {
  const { dialect } = schemas
  const text: OpenApiSchema = { type: 'string' }
  const listed: OpenApiSchema = dialect === 'v3' ? { ...text, default: '' } : text
  const texts: OpenApiSchema = { type: 'array', items: listed, 'x-kubernetes-list-type': 'atomic' }
  /** Version 3 shows the zeros of what is always there. */
  const withZeros = (required: readonly string[], properties: Readonly<Record<string, OpenApiSchema>>) =>
    dialect === 'v2'
      ? properties
      : Object.fromEntries(
          Object.entries(properties).map(([name, schema]) => {
            const zero = required.includes(name) ? ZEROS[String(schema['type'])] : undefined
            return [name, zero === undefined ? schema : { ...schema, default: zero }]
          }),
        )
  const ref = (name: string): OpenApiSchema =>
    dialect === 'v3' ? { allOf: [reference(`${META}.${name}`, dialect)], default: {} } : reference(`${META}.${name}`, dialect)
  const listOf = (name: string): OpenApiSchema => ({ type: 'array', items: ref(name), 'x-kubernetes-list-type': 'atomic' })
  const add = (name: string, description: string, required: readonly string[], properties: Readonly<Record<string, OpenApiSchema>>) =>
    schemas.addPlain(`${META}.${name}`, { description, type: 'object', required, properties: withZeros(required, properties) })
  const addKind = (
    name: DiscoveryKind,
    description: string,
    required: readonly string[],
    properties: Readonly<Record<string, OpenApiSchema>>,
  ) =>
    schemas.addPlain(`${META}.${name}`, {
      description,
      type: 'object',
      required,
      properties: { apiVersion: text, kind: text, ...withZeros(required, properties) },
      'x-kubernetes-group-version-kind': [{ group: '', kind: name, version: 'v1' }],
    })
  const versions = () =>
    add('GroupVersionForDiscovery', 'A version of a group.', ['groupVersion', 'version'], { groupVersion: text, version: text })
  const addresses = () =>
    add('ServerAddressByClientCIDR', 'Where clients of some addresses find the server.', ['clientCIDR', 'serverAddress'], {
      clientCIDR: text,
      serverAddress: text,
    })
  const group = () => {
    versions()
    addresses()
    return addKind('APIGroup', 'A group with its versions.', ['name', 'versions'], {
      name: text,
      preferredVersion: ref('GroupVersionForDiscovery'),
      serverAddressByClientCIDRs: listOf('ServerAddressByClientCIDR'),
      versions: listOf('GroupVersionForDiscovery'),
    })
  }
  switch (kind) {
    case 'APIVersions':
      addresses()
      return addKind('APIVersions', 'The versions of the core group.', ['versions', 'serverAddressByClientCIDRs'], {
        serverAddressByClientCIDRs: listOf('ServerAddressByClientCIDR'),
        versions: texts,
      })
    case 'APIGroup':
      return group()
    case 'APIGroupList':
      group()
      return addKind('APIGroupList', 'All groups but the core one.', ['groups'], { groups: listOf('APIGroup') })
    case 'APIResourceList':
      add('APIResource', 'A resource or subresource.', ['name', 'singularName', 'namespaced', 'kind', 'verbs'], {
        categories: texts,
        group: text,
        kind: text,
        name: text,
        namespaced: { type: 'boolean' },
        shortNames: texts,
        singularName: text,
        storageVersionHash: text,
        verbs: { type: 'array', items: listed },
        version: text,
      })
      return addKind('APIResourceList', 'The resources of a group and version.', ['groupVersion', 'resources'], {
        groupVersion: text,
        resources: listOf('APIResource'),
      })
    case 'VersionInfo': {
      const required = ['major', 'minor', 'gitVersion', 'gitCommit', 'gitTreeState', 'buildDate', 'goVersion', 'compiler', 'platform']
      const names = [...required, 'emulationMajor', 'emulationMinor', 'minCompatibilityMajor', 'minCompatibilityMinor']
      return schemas.addPlain('io.k8s.apimachinery.pkg.version.Info', {
        description: 'What the server is a build of.',
        type: 'object',
        required,
        properties: withZeros(required, Object.fromEntries(names.toSorted().map((name) => [name, text]))),
      })
    }
  }
}
