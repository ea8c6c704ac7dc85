/**
 * The nodes of a cluster on one machine, as commands: each node is a network namespace behind one bridge, so that several
 * clusters live side by side and taking one down leaves nothing behind.
 *
 *   host --- bridge k8tsN (10.89.N.1/24) --+-- k8ts-N-1: eth0 10.89.N.11, pods 10.244.0.0/24
 *                                          +-- k8ts-N-2: eth0 10.89.N.12, pods 10.244.1.0/24
 */

/** One program to run; `mayFail` when a failure means there was nothing to do. */
export interface Command {
  readonly program: string
  readonly words: readonly string[]
  readonly input?: string
  readonly mayFail?: boolean
}

const NODES_MAX = 200 // addresses .11 to .210 of the bridge's /24
const CLUSTERS_MAX = 256 // one /24 each below 10.89.0.0/16

export interface MachineNames {
  readonly bridge: string
  readonly hostAddress: string
  readonly table: string
  readonly cgroup: string
}

/** Names of what the whole cluster shares. Interface names have at most 15 characters. */
export function machineNames(index: number): MachineNames {
  if (index >= CLUSTERS_MAX) throw new Error(`${CLUSTERS_MAX} clusters already run on this machine: take one down first`)
  return { bridge: `k8ts${index}`, hostAddress: `10.89.${index}.1`, table: `k8ts_${index}`, cgroup: `k8ts-${index}` }
}

export interface NodeNames {
  readonly address: string
  readonly networkNamespace: string
  readonly veth: string
  readonly cgroup: string
}

/** Names of node `number`, counted from 1. */
export function nodeNames(index: number, number: number): NodeNames {
  if (number > NODES_MAX) throw new Error(`a cluster on one machine has at most ${NODES_MAX} nodes`)
  return {
    address: `10.89.${index}.${10 + number}`,
    networkNamespace: `k8ts-${index}-${number}`,
    veth: `k8ts${index}v${number}`,
    cgroup: `${machineNames(index).cgroup}/${number}`,
  }
}

/** Makes the bridge; fails when there is one of that name. */
export function makeBridge(index: number): Command {
  return ip('link', 'add', machineNames(index).bridge, 'type', 'bridge')
}

/** Brings the bridge up, and lets what the nodes send elsewhere leave under the machine's own address. */
export function bridgeUp(index: number): readonly Command[] {
  const { bridge, hostAddress, table } = machineNames(index)
  return [
    ip('addr', 'add', `${hostAddress}/24`, 'dev', bridge),
    ip('link', 'set', bridge, 'up'),
    { program: 'sysctl', words: ['-qw', 'net.ipv4.ip_forward=1'], mayFail: true },
    {
      program: 'nft',
      words: ['-f', '-'],
      input: `table ip ${table} {
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr 10.89.${index}.0/24 ip daddr != 10.89.${index}.0/24 masquerade
  }
}
`,
    },
  ]
}

/** Makes a node's network namespace and plugs it into the bridge. */
export function nodeUp(index: number, number: number): readonly Command[] {
  const { networkNamespace, veth, address } = nodeNames(index, number)
  const { bridge, hostAddress } = machineNames(index)
  return [
    ip('netns', 'add', networkNamespace),
    ip('link', 'add', veth, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', networkNamespace),
    ip('link', 'set', veth, 'master', bridge, 'up'),
    ip('-n', networkNamespace, 'link', 'set', 'lo', 'up'),
    ip('-n', networkNamespace, 'addr', 'add', `${address}/24`, 'dev', 'eth0'),
    ip('-n', networkNamespace, 'link', 'set', 'eth0', 'up'),
    ip('-n', networkNamespace, 'route', 'add', 'default', 'via', hostAddress),
  ]
}

/** Undoes `nodeUp`; interfaces go with their namespace. */
export function nodeDown(index: number, number: number): readonly Command[] {
  const { networkNamespace, veth } = nodeNames(index, number)
  return [may(ip('link', 'del', veth)), may(ip('netns', 'del', networkNamespace))]
}

/** Undoes `bridgeUp`. */
export function bridgeDown(index: number): readonly Command[] {
  const { bridge, table } = machineNames(index)
  return [may(ip('link', 'del', bridge)), { program: 'nft', words: ['delete', 'table', 'ip', table], mayFail: true }]
}

function ip(...words: readonly string[]): Command {
  return { program: 'ip', words }
}

function may(command: Command): Command {
  return { ...command, mayFail: true }
}
