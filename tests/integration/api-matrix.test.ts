/** Every stored GA kind through every verb, over TLS, against the facts of `resources.tsv`. */

import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'
import { applyMergePatch } from '#schema/merge-patch.ts'
import { absent, apiVersion, collection, gaRows, rowKey, type Row } from './api-matrix/resources.ts'
import { invalidChanges } from './api-matrix/invalid-changes.ts'
import { prescribedNames, saidInNames, validObjects } from './api-matrix/valid-objects.ts'
import { startServer, type Answer, type ServerUnderTest } from './server-under-test.ts'

interface Shown {
  readonly kind: string
  readonly apiVersion: string
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly resourceVersion: string
    readonly finalizers?: readonly string[]
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields?: readonly { readonly manager: string; readonly operation: string; readonly subresource?: string }[]
    readonly deletionTimestamp?: string
  }
  readonly spec?: object
  readonly status?: object
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null', '-subj', '/CN=matrix']

let s: ServerUnderTest
let valid: ReturnType<typeof validObjects>
before(async () => {
  valid = validObjects({
    certificateRequest: certificateRequest(),
    trustBundle: trustBundle(),
    stubRequest: certificateRequest('-outform', 'DER'),
  })
  s = await startServer({ command: 'kube-apiserver', flags: ['--datastore', 'memory'] })
  // what a controller would have made
  await s.call('POST', '/api/v1/namespaces/default/serviceaccounts', {
    apiVersion: 'v1',
    kind: 'ServiceAccount',
    metadata: { name: 'default' },
  })
})
after(() => s[Symbol.asyncDispose]())

/** Kinds whose status path leaves labels and annotations as they are. */
const statusAlone: ReadonlySet<string> = new Set([
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies',
  'apiregistration.k8s.io/v1/apiservices',
  'flowcontrol.apiserver.k8s.io/v1/flowschemas',
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations',
  'resource.k8s.io/v1/devicetaintrules',
  'resource.k8s.io/v1/resourceclaims',
  'certificates.k8s.io/v1/podcertificaterequests',
  'storage.k8s.io/v1/volumeattachments',
  'storagemigration.k8s.io/v1/storageversionmigrations',
])

const rows = gaRows()
const whole = rows.filter((row) => row.subresource === '')

test('discovery names the verbs of every resource and subresource', { skip: absent }, async () => {
  const wanted = Object.fromEntries(rows.map((row) => [`${rowKey(row)}${row.subresource && `/${row.subresource}`}`, row.verbs.join(',')]))
  const found: Record<string, string> = {}
  for (const version of new Set(rows.map(apiVersion))) {
    const answer = await s.call('GET', version.includes('/') ? `/apis/${version}` : `/api/${version}`)
    if (answer.status !== 200) continue
    for (const { name, verbs } of answer.json<{ resources: { name: string; verbs: string[] }[] }>().resources)
      found[`${version}/${name}`] = verbs.toSorted().join(',')
  }
  deepEqual(found, wanted)
})

for (const row of whole.filter((r) => r.verbs.includes('watch')))
  test(`${rowKey(row)} answers every verb`, { skip: absent }, async () => {
    const at = collection(row)
    const [first, second, third] =
      prescribedNames[rowKey(row)] ??
      (['a', 'b', 'c'].map((letter) => `matrix-${letter}-${row.group.split('.')[0] || 'core'}`) as [string, string, string])
    const object = (name: string, labels?: object) =>
      applyMergePatch(
        { apiVersion: apiVersion(row), kind: row.kind, ...valid[rowKey(row)], metadata: { name, ...(labels && { labels }) } },
        saidInNames[rowKey(row)]?.(name) ?? {},
      )
    ok(valid[rowKey(row)], 'the matrix knows an object of the kind')

    const { metadata: list } = expect(await s.call('GET', at), 200).json<{ metadata: { resourceVersion: string } }>()
    const watched = watch(`${at}?watch=true&resourceVersion=${list.resourceVersion}&fieldSelector=metadata.name%3D${first}`)

    const dry = expect(await s.call('POST', `${at}?dryRun=All`, object(first)), 201).json<Shown>()
    equal(dry.metadata.name, first)
    equal((await s.call('GET', `${at}/${first}`)).status, 404)

    const created = expect(await s.call('POST', `${at}?fieldManager=creator`, object(first, { made: 'here' })), 201).json<Shown>()
    deepEqual([created.apiVersion, created.kind, created.metadata.name], [apiVersion(row), row.kind, first])
    ok(created.metadata.managedFields?.some((m) => m.manager === 'creator' && m.operation === 'Update'))
    equal((await s.call('POST', at, object(first))).status, 409)

    const got = expect(await s.call('GET', `${at}/${first}`), 200).json<Shown>()
    equal(got.metadata.uid, created.metadata.uid)
    const items = expect(await s.call('GET', at), 200).json<{ items: Shown[] }>().items
    equal(items.filter((o) => o.metadata.name === first).length, 1)

    const stale = { ...got, metadata: { ...got.metadata, labels: { stale: 'yes' }, resourceVersion: '1' } }
    equal((await s.call('PUT', `${at}/${first}`, stale)).status, 409)
    const labelled = { ...got, metadata: { ...got.metadata, labels: { ...got.metadata.labels, put: 'yes' } } }
    const put = expect(
      await s.call('PUT', `${at}/${first}`, {
        ...labelled,
        metadata: { ...labelled.metadata, resourceVersion: await version(`${at}/${first}`) },
      }),
      200,
    ).json<Shown>()
    equal(put.metadata.labels?.['put'], 'yes')

    for (const [contentType, body] of patches(row, first)) {
      const answer = expect(await s.call('PATCH', `${at}/${first}?fieldManager=matrix`, body, { contentType }), 200, contentType)
      equal(answer.json<Shown>().metadata.annotations?.[annotationOf(contentType)], 'yes')
    }
    const owners = (await s.call('GET', `${at}/${first}`)).json<Shown>().metadata.managedFields ?? []
    deepEqual(
      owners
        .filter((m) => m.manager === 'matrix')
        .map((m) => m.operation)
        .toSorted(),
      ['Apply', 'Update'],
    )

    if (rows.some((r) => rowKey(r) === rowKey(row) && r.subresource === 'status')) {
      const status = expect(await s.call('GET', `${at}/${first}/status`), 200).json<Shown>()
      expect(await s.call('PUT', `${at}/${first}/status`, status), 200)
      const patched = await s.call(
        'PATCH',
        `${at}/${first}/status`,
        { metadata: { annotations: { status: 'yes' } } },
        { contentType: 'application/merge-patch+json' },
      )
      equal(expect(patched, 200).json<Shown>().metadata.annotations?.['status'], statusAlone.has(rowKey(row)) ? undefined : 'yes')
    }

    await gone(row, `${at}/${first}`)
    const events = await watched
    equal(events[0]?.type, 'ADDED')
    equal(events.at(-1)?.type, 'DELETED')
    ok(events.slice(1, -1).every((e) => e.type === 'MODIFIED'))

    if (!row.verbs.includes('deletecollection')) return void equal((await s.call('DELETE', at)).status, 405)
    for (const name of [second, third]) expect(await s.call('POST', at, object(name, { matrix: 'collection' })), 201)
    expect(await s.call('DELETE', `${at}?labelSelector=matrix%3Dcollection`), 200)
    for (const name of [second, third]) await gone(row, `${at}/${name}`)
  })

for (const row of whole.filter((r) => invalidChanges[rowKey(r)]))
  test(`${rowKey(row)} refuses what is invalid, with every cause`, { skip: absent }, async () => {
    const name = (prescribedNames[rowKey(row)] ?? ['matrix'])[0]
    for (const { change, causes } of invalidChanges[rowKey(row)]!) {
      const object = applyMergePatch({ apiVersion: apiVersion(row), kind: row.kind, ...valid[rowKey(row)], metadata: { name } }, change)
      const answer = expect(await s.call('POST', `${collection(row)}?dryRun=All`, object), 422, JSON.stringify(change))
      const { details } = answer.json<{ details: { causes: { field: string; reason: string; message: string }[] } }>()
      deepEqual(
        details.causes.map((c) => `${c.field} ${c.reason}: ${c.message}`),
        causes,
      )
    }
  })

/** The events until the object is gone. */
async function watch(path: string): Promise<readonly { readonly type: string; readonly object: Shown }[]> {
  const events: { type: string; object: Shown }[] = []
  for await (const line of s.lines(path)) {
    events.push(JSON.parse(line) as { type: string; object: Shown })
    if (events.at(-1)!.type === 'DELETED') break
  }
  return events
}

function patches(row: Row, name: string): readonly (readonly [string, unknown])[] {
  const merge = (type: string) => [type, { metadata: { annotations: { [annotationOf(type)]: 'yes' } } }] as const
  const apply = 'application/apply-patch+yaml'
  return [
    merge('application/merge-patch+json'),
    merge('application/strategic-merge-patch+json'),
    [
      'application/json-patch+json',
      [{ op: 'add', path: `/metadata/annotations/${annotationOf('application/json-patch+json')}`, value: 'yes' }],
    ],
    [apply, { apiVersion: apiVersion(row), kind: row.kind, metadata: { name, annotations: { [annotationOf(apply)]: 'yes' } } }],
  ]
}

function annotationOf(contentType: string): string {
  return contentType.slice('application/'.length).replace('+', '-')
}

async function version(path: string): Promise<string> {
  return (await s.call('GET', path)).json<Shown>().metadata.resourceVersion
}

/** Deletes, and plays the controllers that would take finalizers away. */
async function gone(row: Row, path: string): Promise<void> {
  const answer = await s.call('DELETE', path)
  ok([200, 202, 404].includes(answer.status), `DELETE answered ${answer.status}: ${answer.text}`)
  const left = await s.call('GET', path)
  if (left.status === 404) return
  const object = left.json<Shown>()
  ok(object.metadata.deletionTimestamp, 'it is marked as deleted')
  if (row.kind === 'Namespace') expect(await s.call('PUT', `${path}/finalize`, { ...object, spec: { finalizers: [] } }), 200)
  else {
    // who put the finalizer there may be faster
    const patched = await s.call('PATCH', path, { metadata: { finalizers: null } }, { contentType: 'application/merge-patch+json' })
    if (patched.status !== 404) expect(patched, 200)
  }
  equal((await s.call('GET', path)).status, 404)
}

function expect(answer: Answer, status: number, about = ''): Answer {
  equal(answer.status, status, `${about} ${answer.text.slice(0, 2000)}`)
  return answer
}

function certificateRequest(...words: readonly string[]): string {
  return openssl('req', '-new', ...NEW_KEY, ...words)
}

function trustBundle(): string {
  const pem = openssl('req', '-x509', ...NEW_KEY, '-addext', 'basicConstraints=critical,CA:TRUE')
  return Buffer.from(pem, 'base64').toString()
}

/** What it prints, as base64. */
function openssl(...words: readonly string[]): string {
  return execFileSync('openssl', words, { stdio: ['ignore', 'pipe', 'ignore'] }).toString('base64')
}
