/** `k8ts ha config`: the configuration of a load balancer before several servers. */

import { isIPv6 } from 'node:net'
import { settings, UsageError } from '#base/settings.ts'
import { command } from '../command.ts'

export const ha = command({
  usage: 'config SERVER... [flags]',
  description:
    'Prints an HAProxy configuration that spreads clients over several servers on one etcd and leaves out those that are not ready.\n' +
    '  k8ts ha config 10.0.0.1 10.0.0.2 10.0.0.3 > /etc/haproxy/haproxy.cfg\n' +
    '  k8ts ha config 10.0.0.1:6444 [fd00::2]:6444 --bind 10.0.0.1:6443',
  settings: settings({
    bind: { type: 'list', flag: 'bind', help: 'Where clients connect', default: ['*:6443'] },
  }),
  takesWords: true,
  async run({ values, words: [verb, ...servers] }, environment) {
    if (verb !== 'config') throw new UsageError('k8ts ha knows config only')
    if (servers.length === 0) throw new UsageError('ha config needs the address of each server')
    environment.out(haproxyConfiguration(values.bind, servers.map(endpointOf)))
    return 0
  },
})

interface Endpoint {
  readonly host: string
  readonly port: number
}

const SECURE_PORT = 6443

function endpointOf(word: string): Endpoint {
  const [, bracketed, plain, port] = /^(?:\[([0-9a-fA-F:]+)\]|([^:[\]\s/]+))(?::(\d+))?$/.exec(word) ?? []
  const host = bracketed ?? plain ?? (isIPv6(word) ? word : undefined)
  if (host === undefined || Number(port ?? SECURE_PORT) > 65_535)
    throw new UsageError(`invalid argument "${word}": expected HOST or HOST:PORT`)
  return { host, port: Number(port ?? SECURE_PORT) }
}

/**
 * Connections pass through untouched, so that client certificates reach the servers. A server that stops being ready loses its
 * connections at once: clients come back to another one rather than wait on a watch that will say nothing more.
 */
export function haproxyConfiguration(bind: readonly string[], servers: readonly Endpoint[]): string {
  const address = ({ host, port }: Endpoint) => `${isIPv6(host) ? `[${host}]` : host}:${port}`
  return `defaults
    mode tcp
    timeout connect 5s
    # watches are quiet for a minute at most; anything longer is a client that has gone
    timeout client 10m
    timeout server 10m
    timeout check 3s
    option clitcpka
    option srvtcpka

frontend kubernetes
${bind.map((where) => `    bind ${where}`).join('\n')}
    default_backend servers

backend servers
    balance leastconn
    option redispatch
    retries 3
    option httpchk GET /readyz
    http-check expect status 200
    default-server check check-ssl verify none inter 2s fastinter 500ms downinter 1s fall 2 rise 2 on-marked-down shutdown-sessions
${servers.map((server, i) => `    server master-${i + 1} ${address(server)}`).join('\n')}
`
}
