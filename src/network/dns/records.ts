/** The cluster's names by the Kubernetes DNS specification 1.1: what Services and endpoints resolve to. */

import type { Service } from '#api/core/v1/service.ts'
import type { EndpointSlice } from '#api/discovery/v1/endpoint-slice.ts'
import { keyOf } from '#client/informer.ts'

export type RecordData =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'NS'; readonly data: string }
  | { readonly type: 'TXT'; readonly data: string }
  | {
      readonly type: 'SRV'
      readonly data: { readonly priority: number; readonly weight: number; readonly port: number; readonly target: string }
    }

export type DnsRecord = RecordData & { readonly name: string; readonly ttl: number }

/** `notOurs`: another server's name. `found` without answers means that the name has no record of that type. */
export type Resolution =
  | { readonly type: 'notOurs' }
  | { readonly type: 'noSuchName' }
  | { readonly type: 'found'; readonly answers: readonly DnsRecord[]; readonly extra?: readonly DnsRecord[] }

const TTL_SECONDS = 30 // how long clients may go on with an answer; what upstream's clusters are set up with
const LABEL_SERVICE_NAME = 'kubernetes.io/service-name'
const SCHEMA_VERSION = '1.1.0'

interface Ready {
  readonly ip: string
  /** The endpoint's own label below its Service: its hostname, or its address with dashes. */
  readonly label: string
  readonly ports: readonly { readonly name: string; readonly protocol: string; readonly port: number }[]
}

/** Kept up to date by its owner; resolving reads only. */
export class Records {
  readonly #domain: string
  readonly #address: () => string | undefined
  readonly #services = new Map<string, Service>()
  readonly #slices = new Map<string, Map<string, EndpointSlice>>() // by Service
  readonly #serviceByIp = new Map<string, string>()
  readonly #namesByIp = new Map<string, Map<string, string>>() // endpoint address -> slice -> name
  readonly #namespaces = new Map<string, number>()

  /** `address` is the server's own, which `ns.dns.<domain>` resolves to. */
  constructor(domain: string, address: () => string | undefined = () => undefined) {
    this.#domain = domain.toLowerCase().replace(/\.$/, '')
    this.#address = address
  }

  setService(service: Service): void {
    const key = keyOf(service)
    this.deleteService(key)
    this.#services.set(key, service)
    for (const ip of clusterIps(service)) this.#serviceByIp.set(ip, key)
  }

  deleteService(key: string): void {
    const old = this.#services.get(key)
    if (old === undefined) return
    this.#services.delete(key)
    for (const ip of clusterIps(old)) if (this.#serviceByIp.get(ip) === key) this.#serviceByIp.delete(ip)
  }

  setSlice(slice: EndpointSlice): void {
    this.deleteSlice(slice)
    const service = serviceOf(slice)
    if (service === undefined || slice.addressType === 'FQDN') return
    const slices = this.#slices.get(service) ?? new Map<string, EndpointSlice>()
    slices.set(slice.metadata.name, slice)
    this.#slices.set(service, slices)
    for (const { ip, label } of readyOf(slice)) {
      const names = this.#namesByIp.get(ip) ?? new Map<string, string>()
      names.set(keyOf(slice), `${label}.${this.#serviceName(service)}`)
      this.#namesByIp.set(ip, names)
    }
  }

  /** Takes the slice as it was given to `setSlice`, or a later state of it. */
  deleteSlice(slice: EndpointSlice): void {
    const service = serviceOf(slice)
    const old = service === undefined ? undefined : this.#slices.get(service)?.get(slice.metadata.name)
    if (old === undefined) return
    const slices = this.#slices.get(service!)!
    slices.delete(slice.metadata.name)
    if (slices.size === 0) this.#slices.delete(service!)
    for (const { ip } of readyOf(old)) {
      const names = this.#namesByIp.get(ip)
      names?.delete(keyOf(old))
      if (names?.size === 0) this.#namesByIp.delete(ip)
    }
  }

  setNamespace(name: string, present: boolean): void {
    if (present) this.#namespaces.set(name, 1)
    else this.#namespaces.delete(name)
  }

  get domain(): string {
    return this.#domain
  }

  resolve(query: string, type: string): Resolution {
    const name = query.toLowerCase().replace(/\.$/, '')
    if (name.endsWith('.in-addr.arpa') || name.endsWith('.ip6.arpa')) return this.#reverse(name, type)
    if (name !== this.#domain && !name.endsWith(`.${this.#domain}`)) return { type: 'notOurs' }
    const labels = name === this.#domain ? [] : name.slice(0, -this.#domain.length - 1).split('.')
    const found = this.#below(labels, name, type)
    return found === undefined ? { type: 'noSuchName' } : found
  }

  #below(labels: readonly string[], name: string, type: string): Resolution | undefined {
    const at = labels.length
    const only = (...all: readonly RecordData[]): Resolution => ({ type: 'found', answers: matching(name, type, all) })
    if (at === 0) return only({ type: 'NS', data: `ns.dns.${this.#domain}` })
    switch (labels[at - 1]) {
      case 'dns-version':
        return at === 1 ? only({ type: 'TXT', data: SCHEMA_VERSION }) : undefined
      case 'dns': {
        const address = this.#address()
        if (at === 1) return only()
        return at === 2 && labels[0] === 'ns' && address !== undefined ? only(addressRecord(address)) : undefined
      }
      case 'pod':
        if (at === 1) return only()
        if (!this.#namespaces.has(labels[at - 2]!)) return undefined
        if (at === 2) return only()
        return at === 3 ? this.#pod(labels[0]!, only) : undefined
      case 'svc':
        if (at === 1) return only()
        if (at === 2) return this.#namespaces.has(labels[0]!) ? only() : undefined
        return this.#service(labels.slice(0, -1), name, type)
      default:
        return undefined
    }
  }

  /** Any address that a pod's name spells is answered, as upstream's set-up does. */
  #pod(label: string, only: (...all: readonly RecordData[]) => Resolution): Resolution | undefined {
    const v4 = label.replaceAll('-', '.')
    if (isIpv4(v4)) return only({ type: 'A', data: v4 })
    const v6 = label.replaceAll('-', ':')
    return label.includes('--') || label.split('-').length === 8
      ? /^[0-9a-f:]+$/.test(v6)
        ? only({ type: 'AAAA', data: v6 })
        : undefined
      : undefined
  }

  #service(labels: readonly string[], name: string, type: string): Resolution | undefined {
    const namespace = labels.at(-1)!
    const service = this.#services.get(`${namespace}/${labels.at(-2)!}`)
    if (service === undefined) return undefined
    const base = this.#serviceName(keyOf(service))
    const { spec } = service
    if (spec.type === 'ExternalName') {
      if (labels.length !== 2) return undefined
      return { type: 'found', answers: [{ name, ttl: TTL_SECONDS, type: 'CNAME', data: spec.externalName ?? '' }] }
    }
    const headless = spec.clusterIP === 'None' || !spec.clusterIP
    const ready = [...(this.#slices.get(keyOf(service))?.values() ?? [])].flatMap(readyOf)
    const addresses = headless ? ready.map((e) => e.ip) : clusterIps(service)
    if (labels.length === 2) {
      if (type === 'SRV') return this.#srv(name, base, service, headless, ready, undefined)
      return { type: 'found', answers: matching(name, type, unique(addresses).map(addressRecord)) }
    }
    if (labels.length === 3) {
      // One endpoint's own name.
      const own = ready.filter((e) => e.label === labels[0])
      return own.length === 0
        ? undefined
        : { type: 'found', answers: matching(name, type, unique(own.map((e) => e.ip)).map(addressRecord)) }
    }
    if (labels.length === 4 && labels[0]!.startsWith('_') && labels[1]!.startsWith('_')) {
      const wanted = { port: labels[0]!.slice(1), protocol: labels[1]!.slice(1) }
      const found = this.#srv(name, base, service, headless, ready, wanted)
      if (found.type === 'found' && found.answers.length === 0) return undefined
      return type === 'SRV' ? found : { type: 'found', answers: [] }
    }
    return undefined
  }

  #srv(
    name: string,
    base: string,
    service: Service,
    headless: boolean,
    ready: readonly Ready[],
    wanted: { readonly port: string; readonly protocol: string } | undefined,
  ): Resolution {
    const fits = (p: { readonly name?: string; readonly protocol?: string }) =>
      wanted === undefined || (p.name === wanted.port && (p.protocol ?? 'TCP').toLowerCase() === wanted.protocol)
    const targets = headless
      ? ready.flatMap((e) => e.ports.filter(fits).map((p) => ({ port: p.port, target: `${e.label}.${base}`, ip: e.ip })))
      : (service.spec.ports ?? []).filter(fits).flatMap((p) => clusterIps(service).map((ip) => ({ port: p.port, target: base, ip })))
    const distinct = new Map(targets.map((t) => [`${t.target}:${t.port}`, t]))
    const weight = distinct.size === 0 ? 0 : Math.max(Math.trunc(100 / distinct.size), 1)
    return {
      type: 'found',
      answers: [...distinct.values()].map(({ port, target }) => ({
        name,
        ttl: TTL_SECONDS,
        type: 'SRV',
        data: { priority: 0, weight, port, target },
      })),
      extra: [...new Map(targets.map((t) => [`${t.target} ${t.ip}`, t])).values()].map((t) => ({
        name: t.target,
        ttl: TTL_SECONDS,
        ...addressRecord(t.ip),
      })),
    }
  }

  #reverse(name: string, type: string): Resolution {
    const ip = addressOfReverse(name)
    if (ip === undefined) return { type: 'notOurs' }
    const service = this.#serviceByIp.get(ip)
    const names = service !== undefined ? [this.#serviceName(service)] : unique([...(this.#namesByIp.get(ip)?.values() ?? [])])
    if (names.length === 0) return { type: 'notOurs' }
    return {
      type: 'found',
      answers: matching(
        name,
        type,
        names.map((data) => ({ type: 'PTR', data })),
      ),
    }
  }

  #serviceName(key: string): string {
    const [namespace, name] = key.split('/')
    return `${name}.${namespace}.svc.${this.#domain}`
  }
}

function matching(name: string, type: string, all: readonly RecordData[]): readonly DnsRecord[] {
  return all.filter((r) => r.type === type || type === 'ANY').map((r) => ({ name, ttl: TTL_SECONDS, ...r }))
}

function addressRecord(ip: string): { readonly type: 'A' | 'AAAA'; readonly data: string } {
  return { type: ip.includes(':') ? 'AAAA' : 'A', data: ip }
}

function clusterIps({ spec }: Service): readonly string[] {
  return (spec.clusterIPs ?? [spec.clusterIP ?? '']).filter((ip) => ip !== '' && ip !== 'None')
}

function serviceOf(slice: EndpointSlice): string | undefined {
  const name = slice.metadata.labels?.[LABEL_SERVICE_NAME]
  return name === undefined ? undefined : `${slice.metadata.namespace}/${name}`
}

function readyOf(slice: EndpointSlice): readonly Ready[] {
  const ports = (slice.ports ?? []).flatMap((p) =>
    p.port === undefined ? [] : [{ name: p.name ?? '', protocol: p.protocol ?? 'TCP', port: p.port }],
  )
  return (slice.endpoints ?? [])
    .filter((e) => e.conditions?.ready !== false)
    .flatMap((e) => e.addresses.map((ip) => ({ ip, label: (e.hostname || ip.replaceAll(/[.:]/g, '-')).toLowerCase(), ports })))
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)]
}

function isIpv4(text: string): boolean {
  const parts = text.split('.')
  return parts.length === 4 && parts.every((p) => /^\d{1,3}$/.test(p) && Number(p) <= 255)
}

function addressOfReverse(name: string): string | undefined {
  const v4 = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)
  if (v4) return v4[1]!.slice(0, -1).split('.').toReversed().join('.')
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  if (!v6) return undefined
  const digits = v6[1]!.replaceAll('.', '').split('').toReversed().join('')
  return shortIpv6(digits.match(/.{4}/g)!.map((group) => group.replace(/^0{1,3}/, '')))
}

/** The canonical text, as addresses are written in objects. */
function shortIpv6(groups: readonly string[]): string {
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}
