/** What definitions of custom resources cost: to install, to start with, in memory, in discovery, and per object. */

import { openApi, type Api } from '#apiserver/api.ts'
import type { Answer } from '#apiserver/answer.ts'
import { encodeAnswer } from '#apiserver/encode/encode.ts'
import { parseRequestInfo } from '#apiserver/filters/request-info.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { sleep, systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { openMemoryStore } from '#store/memory/memory-store.ts'
import type { Store } from '#store/store.ts'

const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
const OBJECTS = 1000

/** About 15 KB as JSON, like those of common operators. */
const properties = Object.fromEntries(
  Array.from({ length: 120 }, (_, i) => [
    `field${i}`,
    { type: 'string', description: 'What this member of the specification is for, in a sentence or two.', maxLength: 100 + i },
  ]),
)
const definition = (i: number) => ({
  metadata: { name: `widgets${i}.group${i % 40}.example.com` },
  spec: {
    group: `group${i % 40}.example.com`,
    scope: 'Namespaced',
    names: { plural: `widgets${i}`, kind: `Widget${i}` },
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: {
          openAPIV3Schema: {
            type: 'object',
            properties: { spec: { type: 'object', properties }, status: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
          },
        },
        subresources: { status: {} },
        additionalPrinterColumns: [{ name: 'First', type: 'string', jsonPath: '.spec.field0' }],
      },
    ],
  },
})

async function call(api: Api, method: string, url: string, body?: object, accept?: string): Promise<Answer> {
  const { pathname, searchParams } = new URL(url, 'http://localhost')
  const ctx = {
    info: parseRequestInfo(method, pathname, searchParams),
    method,
    path: pathname,
    query: searchParams,
    headers: { ...(accept && { accept }) },
    body: body ? { type: 'object', object: body } : { type: 'none' },
    user: { username: 'admin', groups: ['system:masters'] },
    warnings: [],
    signal: new AbortController().signal,
    received: systemClock.now(),
  } as unknown as RequestContext
  return api.handle(ctx)
}

const open = (store: Store) => openApi({ store, clock: systemClock, random: systemRandom, log: silentLog })

function memoryMb(): number {
  globalThis.gc?.()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return (heapUsed + arrayBuffers) / 1024 / 1024
}

function show(name: string, value: string): void {
  console.log(`${name.padEnd(64)} ${value.padStart(14)}`)
}

const ms = (from: number) => performance.now() - from

async function openTimeMs(store: Store): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < 5; i++) {
    const from = performance.now()
    const api = await open(store)
    best = Math.min(best, ms(from))
    await api[Symbol.asyncDispose]()
  }
  return best
}

for (const count of [100, 1000]) {
  const store = openMemoryStore({ clock: systemClock })
  const bare = await openTimeMs(store)
  const api = await open(store)
  await call(api, 'GET', '/apis')
  const before = memoryMb()
  let from = performance.now()
  for (let i = 0; i < count; i++) await call(api, 'POST', DEFINITIONS, definition(i))
  const last = `${DEFINITIONS}/widgets${count - 1}.group${(count - 1) % 40}.example.com`
  for (;;) {
    const answer = (await call(api, 'GET', last)) as { object: { status: { conditions?: readonly { type: string }[] } } }
    if (answer.object.status.conditions?.some((c) => c.type === 'Established')) break
    await sleep(systemClock, 1)
  }
  show(`${count} definitions: installed, each`, `${(ms(from) / count).toFixed(2)} ms`)
  await sleep(systemClock, 200)
  show(`${count} definitions: memory, store included`, `${(memoryMb() - before).toFixed(1)} MB`)
  from = performance.now()
  const all = await encodeAnswer(await call(api, 'GET', '/apis'), { headers: {}, query: new URLSearchParams(), received: 0 })
  show(`${count} definitions: /apis after a change`, `${ms(from).toFixed(1)} ms`)
  from = performance.now()
  await call(api, 'GET', '/openapi/v3')
  show(`${count} definitions: /openapi/v3`, `${ms(from).toFixed(1)} ms`)
  from = performance.now()
  await call(api, 'GET', '/openapi/v3/apis/group1.example.com/v1')
  show(`${count} definitions: one document`, `${ms(from).toFixed(1)} ms`)
  show(`${count} definitions: memory with discovery and documents`, `${(memoryMb() - before).toFixed(1)} MB`)
  const path = '/apis/group1.example.com/v1/namespaces/default/widgets1'
  const object = (i: number) => ({
    apiVersion: 'group1.example.com/v1',
    kind: 'Widget1',
    metadata: { name: `w${i}` },
    spec: { field0: 'a', field1: 'b', field2: 'c' },
  })
  await call(api, 'POST', path, object(-1))
  from = performance.now()
  for (let i = 0; i < OBJECTS; i++) await call(api, 'POST', path, object(i))
  show(`${count} definitions: an object created`, `${((ms(from) * 1000) / OBJECTS).toFixed(0)} us`)
  await call(api, 'GET', path)
  from = performance.now()
  await encodeAnswer(await call(api, 'GET', path), { headers: {}, query: new URLSearchParams(), received: 0 })
  show(`${count} definitions: ${OBJECTS} objects listed`, `${ms(from).toFixed(1)} ms`)
  await api[Symbol.asyncDispose]()
  show(`${count} definitions: start beyond that of an empty server`, `${((await openTimeMs(store)) - bare).toFixed(1)} ms`)
  void all
}
