import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { Records } from './records.ts'

function service(name: string, spec: Partial<Service['spec']>): Service {
  return {
    metadata: { name, namespace: 'default', uid: name, resourceVersion: '1', creationTimestamp: '' },
    spec: { clusterIPs: [spec.clusterIP ?? ''], ports: [{ name: 'http', port: 80, protocol: 'TCP' }], ...spec },
    status: { loadBalancer: {} },
  }
}

function slice(name: string, endpoints: EndpointSlice['endpoints']): EndpointSlice {
  return {
    metadata: {
      name: `${name}-x`,
      namespace: 'default',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: '',
      labels: { 'kubernetes.io/service-name': name },
    },
    addressType: 'IPv4',
    ...(endpoints && { endpoints }),
    ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
  }
}

const records = new Records('cluster.local', () => '10.96.0.10')
records.setNamespace('default', true)
records.setService(service('web', { clusterIP: '10.96.1.1' }))
records.setSlice(slice('web', [{ addresses: ['10.244.1.9'], conditions: { ready: true } }]))
records.setService(service('db', { clusterIP: 'None' }))
records.setSlice(
  slice('db', [
    { addresses: ['10.244.1.5'], conditions: { ready: true }, hostname: 'db-0' },
    { addresses: ['10.244.1.6'], conditions: {} },
    { addresses: ['10.244.1.7'], conditions: { ready: false } },
  ]),
)
records.setService(service('none', { clusterIP: 'None' }))
records.setService(service('out', { type: 'ExternalName', externalName: 'example.com' }))

/** The answers in short, or what sort of no it is. */
function ask(name: string, type = 'A'): unknown {
  const r = records.resolve(name, type)
  if (r.type !== 'found') return r.type
  return r.answers.map((a) => (a.type === 'SRV' ? `${a.data.priority} ${a.data.weight} ${a.data.port} ${a.data.target}` : a.data))
}

test('a Service resolves to its cluster address, whatever the case, and to nothing of another type', () => {
  deepEqual(ask('web.default.svc.cluster.local'), ['10.96.1.1'])
  deepEqual(ask('WEB.Default.svc.cluster.local.'), ['10.96.1.1'])
  deepEqual(ask('web.default.svc.cluster.local', 'AAAA'), [])
})

test('named ports have SRV records', () => {
  deepEqual(ask('_http._tcp.web.default.svc.cluster.local', 'SRV'), ['0 100 80 web.default.svc.cluster.local'])
  deepEqual(ask('_http._udp.web.default.svc.cluster.local', 'SRV'), 'noSuchName')
  deepEqual(ask('_http._tcp.db.default.svc.cluster.local', 'SRV'), [
    '0 50 8080 db-0.db.default.svc.cluster.local',
    '0 50 8080 10-244-1-6.db.default.svc.cluster.local',
  ])
})

test('a headless Service resolves to its ready endpoints, and each of them has a name', () => {
  deepEqual(ask('db.default.svc.cluster.local'), ['10.244.1.5', '10.244.1.6'])
  deepEqual(ask('db-0.db.default.svc.cluster.local'), ['10.244.1.5'])
  deepEqual(ask('10-244-1-6.db.default.svc.cluster.local'), ['10.244.1.6'])
  deepEqual(ask('db-1.db.default.svc.cluster.local'), 'noSuchName')
  deepEqual(ask('none.default.svc.cluster.local'), [])
})

test('an ExternalName is an alias', () => {
  deepEqual(ask('out.default.svc.cluster.local'), ['example.com'])
})

test("a pod's name spells its address, in namespaces that exist", () => {
  deepEqual(ask('10-244-1-5.default.pod.cluster.local'), ['10.244.1.5'])
  deepEqual(ask('10-244-1-5.other.pod.cluster.local'), 'noSuchName')
  deepEqual(ask('nonsense.default.pod.cluster.local'), 'noSuchName')
})

test('addresses resolve back to names', () => {
  deepEqual(ask('1.1.96.10.in-addr.arpa', 'PTR'), ['web.default.svc.cluster.local'])
  deepEqual(ask('5.1.244.10.in-addr.arpa', 'PTR'), ['db-0.db.default.svc.cluster.local'])
  deepEqual(ask('1.0.0.127.in-addr.arpa', 'PTR'), 'notOurs')
})

test('what is not there is not there, what lies between has no records, and other domains are not ours', () => {
  deepEqual(ask('gone.default.svc.cluster.local'), 'noSuchName')
  deepEqual(ask('example.com.default.svc.cluster.local'), 'noSuchName')
  deepEqual(ask('default.svc.cluster.local'), [])
  deepEqual(ask('svc.cluster.local'), [])
  deepEqual(ask('cluster.local'), [])
  deepEqual(ask('other.svc.cluster.local'), 'noSuchName')
  deepEqual(ask('dns-version.cluster.local', 'TXT'), ['1.1.0'])
  deepEqual(ask('ns.dns.cluster.local'), ['10.96.0.10'])
  deepEqual(ask('example.com'), 'notOurs')
  deepEqual(ask('notcluster.local'), 'notOurs')
})

test('what goes is forgotten', () => {
  const r = new Records('cluster.local')
  r.setService(service('a', { clusterIP: '10.96.1.1' }))
  const endpoints = slice('a', [{ addresses: ['10.244.1.9'], conditions: {} }])
  r.setSlice(endpoints)
  r.deleteSlice(endpoints)
  r.deleteService('default/a')
  deepEqual(r.resolve('1.1.96.10.in-addr.arpa', 'PTR'), { type: 'notOurs' })
  deepEqual(r.resolve('9.1.244.10.in-addr.arpa', 'PTR'), { type: 'notOurs' })
})
