/** Names inside a pod: its hostname, /etc/hosts, and how it resolves DNS. */

import type { Pod } from '#api/core/v1/pod.ts'

const HOSTNAME_LENGTH_MAX = 63 // the kernel's limit, and DNS's for a label

/** The hostname and, with `subdomain`, the DNS domain of the pod. */
export function hostnameOf(pod: Pod, clusterDomain: string): { readonly hostname: string; readonly domain: string } {
  const { hostname, subdomain, hostnameOverride } = pod.spec
  if (hostnameOverride) return { hostname: hostnameOverride, domain: '' }
  const own = hostname || pod.metadata.name.slice(0, HOSTNAME_LENGTH_MAX).replace(/[-.]+$/, '')
  return { hostname: own, domain: subdomain ? `${subdomain}.${pod.metadata.namespace}.svc.${clusterDomain}` : '' }
}

/** The hostname the kernel shows, which is the full name if the pod says so. Empty on the host's network: the runtime wants it so. */
export function kernelHostname(pod: Pod, clusterDomain: string): string {
  if (pod.spec.hostNetwork === true) return ''
  const { hostname, domain } = hostnameOf(pod, clusterDomain)
  return pod.spec.setHostnameAsFQDN === true && domain !== '' ? `${hostname}.${domain}` : hostname
}

/** The file mounted at /etc/hosts. On the host's network it begins with the node's own. */
export function hostsFile(pod: Pod, podIPs: readonly string[], clusterDomain: string, nodeHosts: string): string {
  const aliases = pod.spec.hostAliases ?? []
  const added =
    aliases.length === 0
      ? ''
      : `\n# Entries added by HostAliases.\n${aliases.map((a) => `${a.ip}\t${(a.hostnames ?? []).join('\t')}\n`).join('')}`
  if (pod.spec.hostNetwork === true) return `# Kubernetes-managed hosts file (host network).\n${nodeHosts}${added}`
  const { hostname, domain } = hostnameOf(pod, clusterDomain)
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`
  const lines = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...podIPs.map((ip) => `${ip}\t${names}`),
  ]
  return `${lines.join('\n')}\n${added}`
}

export interface Dns {
  readonly servers: readonly string[]
  readonly searches: readonly string[]
  readonly options: readonly string[]
}

const SEARCHES_MAX = 32
const SERVERS_MAX = 3 // what glibc reads

/** The pod's resolver by its dnsPolicy and dnsConfig; `node` is what the node itself uses. */
export function dnsOf(pod: Pod, clusterDns: readonly string[], clusterDomain: string, node: Dns): Dns {
  const { dnsPolicy = 'ClusterFirst', dnsConfig, hostNetwork } = pod.spec
  const cluster =
    clusterDns.length > 0 && (dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && hostNetwork !== true))
  const home = pod.metadata.namespace ?? 'default'
  const base: Dns =
    dnsPolicy === 'None'
      ? { servers: [], searches: [], options: [] }
      : cluster
        ? {
            servers: clusterDns,
            searches: [`${home}.svc.${clusterDomain}`, `svc.${clusterDomain}`, clusterDomain, ...node.searches],
            options: ['ndots:5'],
          }
        : node
  const options = new Map(base.options.map((o) => [o.split(':')[0]!, o]))
  for (const { name = '', value } of dnsConfig?.options ?? []) options.set(name, value ? `${name}:${value}` : name)
  const unique = (list: readonly string[]) => [...new Set(list)]
  return {
    servers: unique([...base.servers, ...(dnsConfig?.nameservers ?? [])]).slice(0, SERVERS_MAX),
    searches: unique([...base.searches, ...(dnsConfig?.searches ?? [])]).slice(0, SEARCHES_MAX),
    options: [...options.values()],
  }
}

/** Reads a resolv.conf. */
export function parseResolvConf(text: string): Dns {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (word === 'nameserver' && rest[0]) servers.push(rest[0])
    else if (word === 'search') searches = rest
    else if (word === 'domain' && rest[0]) searches = [rest[0]]
    else if (word === 'options') options = [...options, ...rest]
  }
  return { servers, searches: searches.filter((s) => s !== '.'), options }
}
