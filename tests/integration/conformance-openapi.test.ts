/* oxlint-disable typescript/no-explicit-any -- steps look into documents, and a wrong path fails there anyway */
/** Conformance descriptions of how custom resources are published in OpenAPI documents, and what the stock kubectl makes of it. Each test is named after its description. */

import { deepEqual, equal, match } from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { eventually, json, startConformanceCluster, type Cluster } from './conformance-steps.ts'

const skip = spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'needs kubectl'

let c: Cluster
before(async () => {
  c = await startConformanceCluster()
})
after(() => c?.[Symbol.asyncDispose]())

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

const text = (description: string, more: object = {}) => ({ description, type: 'string', ...more })
const object = (properties: object, more: object = {}) => ({ ...more, type: 'object', properties })
const list = (items: object, description: string) => ({ description, type: 'array', items })
const barSpec = object(
  {
    name: text('What the Bar is called.'),
    age: text('How old the Bar is.'),
    feeling: text('How the Bar feels.', { enum: ['Great', 'Down'] }),
    bazs: { description: 'Names of Bazs.', type: 'array', items: { type: 'string' } },
  },
  { required: ['name'] },
)
const barStatus = object({
  name: text('What the Bar is called.'),
  available: { description: 'Whether it is there.', type: 'boolean' },
  quxType: text('Which qux it is.', { pattern: 'in-tree|out-of-tree' }),
})
const foo = object(
  {
    spec: object({ bars: list(barSpec, 'Wanted Bars.') }, { description: 'What the Foo should be' }),
    status: object({ bars: list(barStatus, 'Bars that are there.') }, { description: 'What the Foo is' }),
  },
  { description: 'A Foo to test with' },
)
const dummy = { dummy: { description: 'Any object.', type: 'object' } }
const waldo = object(
  {
    spec: object(dummy, { description: 'What the Waldo should be' }),
    status: object({ bars: list({ type: 'object' }, 'Bars that are there.') }, { description: 'What the Waldo is' }),
  },
  { description: 'A Waldo to test with' },
)
const preserves = { 'x-kubernetes-preserve-unknown-fields': true }

interface Custom {
  readonly group: string
  readonly kind: string
  readonly plural: string
}

const groupOf = (suffix: string) => `openapi-${suffix}.example.com`
const definitionName = ({ group, kind }: Custom, version: string) => `${group.split('.').toReversed().join('.')}.${version}.${kind}`
const path = ({ group, plural }: Custom) => `${DEFINITIONS}/${plural}.${group}`

/** Makes a definition whose first version is stored, and waits until each version is published. */
async function defined(kind: string, suffix: string, schema: object, ...versions: readonly string[]): Promise<Custom> {
  const custom = { group: groupOf(suffix), kind, plural: `${kind.toLowerCase()}s` }
  const { group, plural } = custom
  await c.must(201, 'POST', DEFINITIONS, {
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { plural, kind },
      versions: versions.map((name, n) => ({ name, served: true, storage: n === 0, schema: { openAPIV3Schema: schema } })),
    },
  })
  for (const version of versions) await published(custom, version)
  return custom
}

/** The definitions of version 2, read anew only when the server says that they are others. */
async function definitions(): Promise<any> {
  const answer = await c.call('GET', '/openapi/v2', undefined, { headers: last === undefined ? {} : { 'if-none-match': last.etag } })
  if (answer.status === 304) return last!.definitions
  equal(answer.status, 200, answer.text)
  last = { etag: String(answer.headers['etag']), definitions: answer.json<any>().definitions }
  return last.definitions
}
let last: { readonly etag: string; readonly definitions: any } | undefined

/** What version 3's document of a version says of the kind; undefined without a document. */
async function inVersion3({ group, kind }: Custom, version: string): Promise<any> {
  const { paths } = await c.must(200, 'GET', '/openapi/v3')
  const found = paths[`apis/${group}/${version}`]
  if (found === undefined) return undefined
  const { components } = await c.must(200, 'GET', found.serverRelativeURL)
  return components.schemas[definitionName({ group, kind, plural: '' }, version)]
}

/** Waits until both documents have the version; answers with the schema of version 2. */
const published = (custom: Custom, version: string): Promise<any> =>
  eventually(`${definitionName(custom, version)} is published`, async () => {
    const found = (await definitions())[definitionName(custom, version)]
    return found !== undefined && (await inVersion3(custom, version)) !== undefined && found
  })

/** Both documents show the schema that was given, and what every object has besides. */
async function shows(custom: Custom, version: string, schema: object): Promise<void> {
  const { group, kind } = custom
  for (const found of [await published(custom, version), await inVersion3(custom, version)]) {
    const { 'x-kubernetes-group-version-kind': kinds, properties, ...rest } = found
    const { apiVersion, kind: kindField, metadata, ...own } = properties
    deepEqual({ ...rest, properties: own }, schema)
    deepEqual(kinds, [{ group, kind, version }])
    deepEqual([apiVersion.type, kindField.type, metadata !== undefined], ['string', 'string', true])
  }
}

const unpublished = (custom: Custom, version: string): Promise<unknown> =>
  eventually(`${definitionName(custom, version)} is published no more`, async () => {
    const found = (await definitions())[definitionName(custom, version)]
    return found === undefined && (await inVersion3(custom, version)) === undefined
  })

async function undefine(custom: Custom, ...versions: readonly string[]): Promise<void> {
  await c.must(200, 'DELETE', path(custom))
  for (const version of versions) await unpublished(custom, version)
}

interface Ran {
  readonly failed: boolean
  readonly out: string
  readonly err: string
}

function kubectl(words: readonly string[], input?: object): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile('kubectl', ['--kubeconfig', c.kubeconfig, ...words], { timeout: 30_000 }, (error, out, err) =>
      done({ failed: error !== null, out, err }),
    )
    child.stdin!.end(input === undefined ? '' : JSON.stringify(input))
  })
}

async function runs(words: readonly string[], input?: object): Promise<string> {
  const { failed, out, err } = await kubectl(words, input)
  equal(failed, false, `kubectl ${words.join(' ')}: ${err}`)
  return out
}

async function refuses(words: readonly string[], input: object | undefined, said: RegExp): Promise<void> {
  const { failed, out, err } = await kubectl(words, input)
  equal(failed, true, `kubectl ${words.join(' ')}: ${out}`)
  match(err, said)
}

const made = ({ group, kind }: Custom, fields: object) => ({
  apiVersion: `${group}/v1`,
  kind,
  metadata: { name: 'test' },
  ...fields,
})

/** Creates, deletes, applies and deletes what its definition accepts. */
async function accepts(custom: Custom, fields: object): Promise<void> {
  for (const verb of ['create', 'apply']) {
    await runs([verb, '-f', '-'], made(custom, fields))
    await runs(['delete', `${custom.plural}.${custom.group}`, 'test'])
  }
}

const named = ({ group, plural }: Custom) => `${plural}.${group}`

test('CustomResourcePublishOpenAPI works for CRD with validation schema', { skip }, async () => {
  const custom = await defined('ValidatedFoo', 'validated', foo, 'v1')
  await shows(custom, 'v1', foo)
  await accepts(custom, { spec: { bars: [{ name: 'test-bar', feeling: 'Great' }] } })
  for (const verb of ['create', 'apply']) {
    const refused = (fields: object, said: RegExp) => refuses([verb, '-f', '-'], made(custom, fields), said)
    await refused({ spec: { bars: [{ name: 'test-bar', feeling: 'Unheard' }] } }, /Unsupported value: "Unheard"/)
    await refused({ spec: { foo: true } }, /unknown field "spec\.foo"/)
    await refused({ spec: { bars: [{ age: '10' }] } }, /spec\.bars\[0\]\.name: Required value/)
  }

  const explained = async (field: string, said: RegExp) => match(await runs(['explain', field]), said)
  await explained(
    custom.plural,
    /DESCRIPTION:\s+A Foo to test with[^]*FIELDS:[^]*apiVersion\t<string>\n\s+APIVersion defines[^]*spec\t<Object>\n\s+What the Foo should be/,
  )
  await explained(
    `${custom.plural}.metadata`,
    /DESCRIPTION:\s+Standard object's metadata[^]*creationTimestamp\t<string>\n\s+CreationTimestamp is a timestamp/,
  )
  await explained(`${custom.plural}.spec`, /DESCRIPTION:\s+What the Foo should be[^]*bars\t<\[\]Object>\n\s+Wanted Bars/)
  await explained(
    `${custom.plural}.spec.bars`,
    /FIELD: bars <\[\]Object>[^]*DESCRIPTION:\s+Wanted Bars[^]*bazs\t<\[\]string>\n\s+Names of Bazs[^]*name\t<string> -required-\n\s+What the Bar is called/,
  )
  await refuses(['explain', `${custom.plural}.spec.bars2`], undefined, /field "bars2" does not exist/)
  await undefine(custom, 'v1')
})

test('CustomResourcePublishOpenAPI works for CRD without validation schema', { skip }, async () => {
  const custom = await defined('Schemaless', 'schemaless', { type: 'object', ...preserves }, 'v1')
  const { 'x-kubernetes-group-version-kind': _, ...rest } = await published(custom, 'v1')
  deepEqual(rest, { type: 'object' })
  await accepts(custom, { a: { b: [{ c: 'd' }] } })
  match(await runs(['explain', named(custom)]), /DESCRIPTION:\s+<empty>/)
  await undefine(custom, 'v1')
})

test('CustomResourcePublishOpenAPI works for CRD preserving unknown fields at the schema root', { skip }, async () => {
  const custom = await defined('OpenRoot', 'open-root', { ...waldo, ...preserves }, 'v1')
  await accepts(custom, { a: { b: [{ c: 'd' }] } })
  match(await runs(['explain', named(custom)]), /KIND:\s+OpenRoot\n/)
  await undefine(custom, 'v1')
})

test('CustomResourcePublishOpenAPI works for CRD preserving unknown fields in an embedded object', { skip }, async () => {
  const spec = { description: 'Takes anything', type: 'object', ...preserves, properties: dummy }
  const custom = await defined('OpenSpec', 'open-spec', object({ spec }, { description: 'Preserves what is nested' }), 'v1')
  await accepts(custom, { spec: { a: null, b: [{ c: 'd' }] } })
  match(await runs(['explain', named(custom)]), /DESCRIPTION:\s+Preserves what is nested/)
  equal((await inVersion3(custom, 'v1')).properties.spec['x-kubernetes-preserve-unknown-fields'], true)
  await undefine(custom, 'v1')
})

test('CustomResourcePublishOpenAPI works for multiple CRDs of different groups', async () => {
  const first = await defined('GroupFoo', 'one-group', foo, 'v1')
  const second = await defined('GroupWaldo', 'other-group', waldo, 'v1beta1')
  await shows(second, 'v1beta1', waldo)
  await shows(first, 'v1', foo)
  await undefine(first, 'v1')
  await undefine(second, 'v1beta1')
})

test('CustomResourcePublishOpenAPI works for multiple CRDs of same group but different versions', async () => {
  const both = await defined('Versioned', 'multi-ver', foo, 'v2', 'v3')
  for (const version of ['v3', 'v2']) await shows(both, version, foo)
  await undefine(both, 'v2', 'v3')

  const first = await defined('VersionFoo', 'common-group', foo, 'v4')
  const second = await defined('VersionWaldo', 'common-group', waldo, 'v5')
  await shows(second, 'v5', waldo)
  await shows(first, 'v4', foo)
  await undefine(first, 'v4')
  await undefine(second, 'v5')
})

test('CustomResourcePublishOpenAPI works for multiple CRDs of same group and version but different kinds', async () => {
  const first = await defined('KindFoo', 'common-group', foo, 'v6')
  const second = await defined('KindWaldo', 'common-group', waldo, 'v6')
  await shows(second, 'v6', waldo)
  await shows(first, 'v6', foo)
  await undefine(first, 'v6')
  await shows(second, 'v6', waldo)
  await undefine(second, 'v6')
})

test('CustomResourcePublishOpenAPI updates the published spec when one version gets renamed', async () => {
  const custom = await defined('Renamed', 'renamed', foo, 'v2', 'v3')
  await c.must(
    200,
    'PATCH',
    path(custom),
    [
      { op: 'test', path: '/spec/versions/1/name', value: 'v3' },
      { op: 'replace', path: '/spec/versions/1/name', value: 'v4' },
    ],
    json,
  )
  await shows(custom, 'v4', foo)
  await unpublished(custom, 'v3')
  await shows(custom, 'v2', foo)
  await undefine(custom, 'v2', 'v4')
})

test('CustomResourcePublishOpenAPI removes definition from spec when one version gets changed to not be served', async () => {
  const custom = await defined('Unserved', 'unserved', foo, 'v5', 'v6alpha1')
  for (const version of ['v6alpha1', 'v5']) await shows(custom, version, foo)
  const fresh = await c.must(200, 'GET', path(custom))
  fresh.spec.versions[1].served = false
  await c.must(200, 'PUT', path(custom), fresh)
  await unpublished(custom, 'v6alpha1')
  await shows(custom, 'v5', foo)
  await undefine(custom, 'v5')
})
