/* oxlint-disable typescript/no-explicit-any -- steps look into objects of every kind, and a wrong path fails there anyway */
/** What the steps of conformance descriptions have in common: calls that must end so, watches that are read along, waiting. */

import { deepEqual, equal } from 'node:assert/strict'
import { startServer, type CallOptions, type ServerUnderTest } from './server-under-test.ts'

export interface Cluster extends ServerUnderTest {
  /** A call that must end with this status; answers with the object. */
  must(status: number, method: string, path: string, body?: unknown, options?: CallOptions): Promise<any>
  /** Follows a watch until it is left. */
  watch(path: string): Watched
}

export interface Watched extends AsyncDisposable {
  /** The events so far. */
  readonly events: readonly any[]
  /** The first of its events that comes, or has come, and is as wanted. */
  event(what: string, wanted: (event: any) => boolean): Promise<any>
}

export const merge: CallOptions = { contentType: 'application/merge-patch+json' }
export const strategic: CallOptions = { contentType: 'application/strategic-merge-patch+json' }
export const json: CallOptions = { contentType: 'application/json-patch+json' }

export async function startConformanceCluster(...flags: readonly string[]): Promise<Cluster> {
  const server = await startServer({ flags: ['--datastore', 'memory', ...flags] })
  const leave = () => server[Symbol.asyncDispose]()
  return {
    ...server,
    [Symbol.asyncDispose]: leave,
    async must(status, method, path, body, options) {
      const answer = await server.call(method, path, body, options)
      equal(answer.status, status, `${method} ${path}: ${answer.text}`)
      return answer.text.startsWith('{') ? answer.json() : answer.text
    },
    watch(path) {
      const events: any[] = []
      const lines = server.lines(path)
      const reading = (async () => {
        for await (const line of lines) events.push(JSON.parse(line))
      })().catch(() => {})
      return {
        events,
        event: (what, wanted) => eventually(`an event: ${what}; came: ${path}`, () => events.find(wanted)),
        async [Symbol.asyncDispose]() {
          // A generator that waits for a line ends with the stream alone.
          void lines.return(undefined)
          await Promise.race([reading, new Promise((done) => setTimeout(done, 10).unref())])
        },
      }
    },
  }
}

/** Tries until `attempt` answers with something; throws what it last said. */
export async function eventually<T>(
  what: string,
  attempt: () => T | undefined | false | Promise<T | undefined | false>,
  withinMs = 20_000,
): Promise<T> {
  const deadline = performance.now() + withinMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      const result = await attempt()
      if (result !== undefined && result !== false) return result
      last = undefined
    } catch (error) {
      last = error
    }
    await new Promise((done) => setTimeout(done, 20))
  }
  throw new Error(`did not happen within ${withinMs} ms: ${what}`, { cause: last })
}

export interface Operations {
  readonly group: string
  readonly version: string
  readonly plural: string
  readonly subresources: readonly string[]
  make(name: string): any
}

/**
 * What descriptions of "API operations" ask of a cluster-wide kind: its three documents, then create, get, list, watch, patch and update, each seen
 * by the watch. Answers with an object that is left for steps of the kind's own.
 */
export async function apiOperations(cluster: Cluster, of: Operations): Promise<any> {
  const { group, version, plural } = of
  const path = `/apis/${group}/${version}/${plural}`
  await inDiscovery(cluster, group, version, [plural, ...of.subresources.map((s) => `${plural}/${s}`)])

  const labels = { 'special-label': plural }
  const make = (name: string) => ({ ...of.make(name), metadata: { name, labels } })
  const created = await cluster.must(201, 'POST', path, make('one'))
  await cluster.must(409, 'POST', path, make('one'))
  for (const name of ['two', 'three']) await cluster.must(201, 'POST', path, make(name))
  const got = await cluster.must(200, 'GET', `${path}/one`)
  equal(got.metadata.uid, created.metadata.uid)
  const selected = `${path}?labelSelector=special-label%3D${plural}`
  const list = await cluster.must(200, 'GET', selected)
  deepEqual(
    list.items.map((item: any) => item.metadata.name),
    ['one', 'three', 'two'],
  )
  await using watch = cluster.watch(`${selected}&watch=1&resourceVersion=${list.metadata.resourceVersion}`)

  const patched = await cluster.must(200, 'PATCH', `${path}/one`, { metadata: { annotations: { patched: 'true' } } }, merge)
  equal(patched.metadata.annotations.patched, 'true')
  await watch.event('patched', (e) => e.type === 'MODIFIED' && e.object.metadata.annotations?.patched === 'true')
  const fresh = await cluster.must(200, 'GET', `${path}/one`)
  const changed = { ...fresh, metadata: { ...fresh.metadata, annotations: { ...fresh.metadata.annotations, updated: 'true' } } }
  equal((await cluster.must(200, 'PUT', `${path}/one`, changed)).metadata.annotations.updated, 'true')
  await watch.event('updated', (e) => e.type === 'MODIFIED' && e.object.metadata.annotations?.updated === 'true')
  deepEqual([...new Set(watch.events.map((e) => e.object.metadata.name))], ['one'])
  return cluster.must(200, 'GET', `${path}/one`)
}

/** Deletes one, then the rest as a collection, each seen by a watch. */
export async function deleteOperations(cluster: Cluster, of: Operations): Promise<void> {
  const path = `/apis/${of.group}/${of.version}/${of.plural}`
  const selected = `${path}?labelSelector=special-label%3D${of.plural}`
  const before = await cluster.must(200, 'GET', selected)
  await using watch = cluster.watch(`${selected}&watch=1&resourceVersion=${before.metadata.resourceVersion}`)
  await cluster.must(200, 'DELETE', `${path}/one`)
  await cluster.must(404, 'GET', `${path}/one`)
  equal((await cluster.must(200, 'GET', selected)).items.length, 2)
  await cluster.must(200, 'DELETE', selected)
  equal((await cluster.must(200, 'GET', selected)).items.length, 0)
  for (const name of ['one', 'two', 'three']) {
    await watch.event(`${name} deleted`, (e) => e.type === 'DELETED' && e.object.metadata.name === name)
  }
}

/** The group, its version and its resources are in the three documents that say so. */
export async function inDiscovery(cluster: Cluster, group: string, version: string, resources: readonly string[]): Promise<void> {
  const groupVersion = { groupVersion: `${group}/${version}`, version }
  const groups = await cluster.must(200, 'GET', '/apis')
  const found = groups.groups.find((g: any) => g.name === group)
  deepEqual(
    found?.versions.find((v: any) => v.version === version),
    groupVersion,
  )
  const one = await cluster.must(200, 'GET', `/apis/${group}`)
  deepEqual(
    one.versions.find((v: any) => v.version === version),
    groupVersion,
  )
  const names: readonly string[] = (await cluster.must(200, 'GET', `/apis/${group}/${version}`)).resources.map((r: any) => r.name)
  deepEqual(
    resources.filter((r) => !names.includes(r)),
    [],
  )
}
