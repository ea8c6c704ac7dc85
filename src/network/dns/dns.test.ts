import { deepEqual, equal } from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { Resolver } from 'node:dns/promises'
import { connect } from 'node:net'
import { after, before, test } from 'node:test'
import * as packet from 'dns-packet'
import { namespaces } from '#api/core/v1/namespace.ts'
import { services } from '#api/core/v1/service.ts'
import { endpointSlices } from '#api/discovery/v1/endpoint-slice.ts'
import { systemClock } from '#base/clock.ts'
import { silentLog } from '#base/log.ts'
import { TestCluster } from '#scheduler/test-cluster.ts'
import { runDns, upstreamsOf } from './dns.ts'
import { framed, type Address } from './forward.ts'

const stop = new AbortController()
const resolver = new Resolver({ timeout: 1000, tries: 1 })
const upstream = createSocket('udp4')
let bound: Address
let running: Promise<void>

before(async () => {
  await new Promise<void>((resolve) => upstream.bind(0, '127.0.0.1', resolve))
  upstream.on('message', (bytes, from) => {
    const query = packet.decode(bytes)
    const name = query.questions![0]!.name
    upstream.send(
      packet.encode({
        id: query.id!,
        type: 'response',
        questions: query.questions!,
        answers: name === 'example.com' ? [{ name, type: 'A', ttl: 60, data: '192.0.2.80' }] : [],
      }),
      from.port,
      from.address,
    )
  })
  const cluster = new TestCluster()
  const metadata = (name: string) => ({ name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' })
  cluster.of(namespaces).put({ metadata: { ...metadata('default'), namespace: undefined }, spec: {}, status: {} } as never)
  const service = (name: string, spec: object) =>
    cluster.of(services).put({ metadata: metadata(name), spec, status: { loadBalancer: {} } } as never)
  service('web', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports: [] })
  service('out', { type: 'ExternalName', externalName: 'example.com' })
  service('many', { clusterIP: 'None', ports: [] })
  cluster.of(endpointSlices).put({
    metadata: { ...metadata('many-1'), labels: { 'kubernetes.io/service-name': 'many' } },
    addressType: 'IPv4',
    endpoints: Array.from({ length: 100 }, (_, i) => ({ addresses: [`10.244.2.${i + 1}`], conditions: {} })),
    ports: [],
  })
  bound = await new Promise<Address>((resolve, reject) => {
    running = runDns(
      {
        informers: cluster.informers,
        clock: systemClock,
        log: silentLog,
        listen: [{ address: '127.0.0.1', port: 0 }],
        upstreams: [{ address: '127.0.0.1', port: upstream.address().port }],
        onReady: (all) => resolve(all[0]!),
      },
      stop.signal,
    )
    running.catch(reject)
  })
  resolver.setServers([`${bound.address}:${bound.port}`])
})

after(async () => {
  stop.abort()
  await running
  upstream.close()
})

test('a resolver finds Services, aliases with their targets, and names elsewhere', async () => {
  deepEqual(await resolver.resolve4('web.default.svc.cluster.local', { ttl: true }), [{ address: '10.96.1.1', ttl: 30 }])
  deepEqual(await resolver.resolve4('out.default.svc.cluster.local'), ['192.0.2.80'])
  deepEqual(await resolver.resolve4('example.com'), ['192.0.2.80'])
  deepEqual(await resolver.reverse('10.96.1.1'), ['web.default.svc.cluster.local'])
  equal(await resolver.resolve4('gone.default.svc.cluster.local').catch((e: { code: string }) => e.code), 'ENOTFOUND')
  equal(await resolver.resolve6('web.default.svc.cluster.local').catch((e: { code: string }) => e.code), 'ENODATA')
})

function question(name: string): Uint8Array {
  return packet.encode({ id: 7, type: 'query', flags: packet.RECURSION_DESIRED, questions: [{ name, type: 'A' }] })
}

async function askUdp(bytes: Uint8Array): Promise<packet.Packet> {
  const socket = createSocket('udp4')
  try {
    return await new Promise((resolve) => {
      socket.on('message', (answer) => resolve(packet.decode(answer)))
      socket.send(bytes, bound.port, bound.address)
    })
  } finally {
    socket.close()
  }
}

test('an answer too long for UDP says so and comes whole by TCP', async () => {
  const short = await askUdp(question('many.default.svc.cluster.local'))
  deepEqual([(short.flags! & packet.TRUNCATED_RESPONSE) !== 0, short.answers!.length], [true, 0])
  const long = await new Promise<packet.Packet>((resolve) => {
    const socket = connect(bound.port, bound.address)
    let received = Buffer.alloc(0)
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes])
      if (received.length < 2 || received.length < received.readUInt16BE(0) + 2) return
      socket.destroy()
      resolve(packet.decode(received.subarray(2)))
    })
    socket.write(framed(question('many.default.svc.cluster.local')))
  })
  equal(long.answers!.length, 100)
})

test('a negative answer carries the SOA, and nonsense is refused', async () => {
  const none = await askUdp(question('gone.default.svc.cluster.local'))
  deepEqual(
    none.authorities!.map((a) => [a.name, a.type, a.ttl]),
    [['cluster.local', 'SOA', 5]],
  )
  equal((await askUdp(Uint8Array.from([0, 9, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 250, 1]))).rcode, 'FORMERR')
})

test('upstream resolvers come from resolv.conf, without oneself', () => {
  deepEqual(upstreamsOf('search x\nnameserver 10.96.0.10\nnameserver 192.0.2.53 # second\n', ['10.96.0.10']), [
    { address: '192.0.2.53', port: 53 },
  ])
})
