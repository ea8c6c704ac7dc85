import { deepEqual, equal } from 'node:assert/strict'
import { test } from 'node:test'
import { staleFlows } from './conntrack.ts'
import type { ServicePortRule, Target } from './model.ts'
import { differenceScripts } from './nftables.ts'

const settings = { table: 't', clusterCidr: '10.244.0.0/16' }
const to = (...ips: readonly string[]): Target => ({ type: 'endpoints', endpoints: ips.map((ip) => ({ ip, port: 8080 })) })

function rule(target: Target, more: Partial<ServicePortRule> = {}): ServicePortRule {
  return {
    key: 'default/web:http',
    namespace: 'default',
    name: 'web',
    portName: 'http',
    protocol: 'tcp',
    clusterIps: ['10.96.0.10'],
    port: 80,
    externalIps: [],
    loadBalancerIps: [],
    internal: target,
    external: target,
    externalLocal: false,
    anywhere: target,
    ...more,
  }
}

const rules = (...all: readonly ServicePortRule[]) => new Map(all.map((r) => [`${r.key}/${r.protocol}`, r]))
/** Scripts as lines, the hashes in names replaced by their order of appearance. */
function lines(before: ReadonlyMap<string, ServicePortRule>, after: ReadonlyMap<string, ServicePortRule>): readonly string[] {
  const seen: string[] = []
  const text = differenceScripts(before, after, settings)
    .join('')
    .replace(/-([0-9A-Z]{8})-default/g, (_, h: string) => `-${seen.includes(h) ? seen.indexOf(h) : seen.push(h) - 1}-default`)
  return text.trim().split('\n')
}

test('a new Service brings its chain, then the element that leads to it', () => {
  deepEqual(lines(new Map(), rules(rule(to('10.244.0.2')))), [
    'add chain ip t service-0-default/web/tcp/http',
    'add rule ip t service-0-default/web/tcp/http ip daddr 10.96.0.10 ip saddr != 10.244.0.0/16 meta mark set meta mark or 0x4000',
    'add rule ip t service-0-default/web/tcp/http ip saddr 10.244.0.2 meta mark set meta mark or 0x4000',
    'add rule ip t service-0-default/web/tcp/http meta l4proto tcp dnat to 10.244.0.2:8080',
    'add element ip t service-ips { 10.96.0.10 . tcp . 80 : goto service-0-default/web/tcp/http }',
  ])
})

test('a changed endpoint touches its own chain and the choice, nothing else', () => {
  deepEqual(lines(rules(rule(to('10.244.0.2', '10.244.0.4'))), rules(rule(to('10.244.0.2', '10.244.0.3')))), [
    'add chain ip t endpoint-0-default/web/tcp/http__10.244.0.3/8080',
    'flush chain ip t service-1-default/web/tcp/http',
    'flush chain ip t endpoint-2-default/web/tcp/http__10.244.0.4/8080',
    'add rule ip t endpoint-0-default/web/tcp/http__10.244.0.3/8080 ip saddr 10.244.0.3 meta mark set meta mark or 0x4000',
    'add rule ip t endpoint-0-default/web/tcp/http__10.244.0.3/8080 meta l4proto tcp dnat to 10.244.0.3:8080',
    'add rule ip t service-1-default/web/tcp/http ip daddr 10.96.0.10 ip saddr != 10.244.0.0/16 meta mark set meta mark or 0x4000',
    'add rule ip t service-1-default/web/tcp/http numgen random mod 2 0 goto endpoint-3-default/web/tcp/http__10.244.0.2/8080',
    'add rule ip t service-1-default/web/tcp/http goto endpoint-0-default/web/tcp/http__10.244.0.3/8080',
    'delete chain ip t endpoint-2-default/web/tcp/http__10.244.0.4/8080',
  ])
})

test('many endpoints are chosen through a map, few by a rule each', () => {
  const choices = (count: number) =>
    lines(new Map(), rules(rule(to(...Array.from({ length: count }, (_, i) => `10.244.0.${i + 1}`))))).filter((l) => l.includes('numgen'))
  deepEqual(
    choices(8).map((l) => /mod (\d+ 0) goto/.exec(l)?.[1]),
    ['8 0', '7 0', '6 0', '5 0', '4 0', '3 0', '2 0'],
  )
  deepEqual(
    choices(9).map((l) => /mod 9 vmap/.test(l)),
    [true],
  )
})

test('without endpoints the address is refused instead', () => {
  deepEqual(lines(rules(rule(to('10.244.0.2'))), rules(rule({ type: 'refused' }))), [
    'delete element ip t service-ips { 10.96.0.10 . tcp . 80 }',
    'flush chain ip t service-0-default/web/tcp/http',
    'add element ip t no-endpoint-services { 10.96.0.10 . tcp . 80 : goto reject-chain }',
    'delete chain ip t service-0-default/web/tcp/http',
  ])
})

test('nothing changed writes nothing, and many are written in parts', () => {
  const many = rules(...Array.from({ length: 1200 }, (_, i) => rule(to('10.244.0.2'), { key: `default/s${i}:http`, name: `s${i}` })))
  equal(differenceScripts(many, many, settings).length, 0)
  equal(differenceScripts(new Map(), many, settings).length, 3)
})

test('flows of UDP endpoints that are gone are deleted, those of TCP end by themselves', () => {
  const udp = (target: Target) => rules(rule(target, { protocol: 'udp', port: 53, nodePort: 30053 }))
  deepEqual(staleFlows(udp(to('10.244.0.2')), udp(to('10.244.0.3'))), [
    ['-D', '--orig-dst', '10.96.0.10', '--dst-nat', '10.244.0.2', '-p', 'udp'],
    ['-D', '-p', 'udp', '--dport', '30053', '--dst-nat', '10.244.0.2'],
  ])
  deepEqual(staleFlows(udp({ type: 'refused' }), udp(to('10.244.0.3'))), [
    ['-D', '--orig-dst', '10.96.0.10', '-p', 'udp', '--dport', '53'],
    ['-D', '-p', 'udp', '--dport', '30053'],
  ])
  deepEqual(staleFlows(rules(rule(to('10.244.0.2'))), rules(rule(to('10.244.0.3')))), [])
})
