/** The pod network's CNI configuration: a bridge with host-local addresses and port mapping, named so that clusters coexist. */

export interface CniSettings {
  /** The bridge on the node, at most 15 characters: the kernel's limit for interface names. */
  readonly bridge: string
  /** The node's pod subnet, for instance `10.244.0.0/24`; the first address is the bridge's. */
  readonly subnet: string
  /** Where host-local keeps what it has given out. */
  readonly dataDir: string
  readonly networkName?: string
  readonly mtu?: number
}

const INTERFACE_NAME_LENGTH_MAX = 15 // IFNAMSIZ less its zero

/** The text of a `.conflist` file for the runtime's CNI directory. */
export function cniConflist(s: CniSettings): string {
  if (s.bridge.length === 0 || s.bridge.length > INTERFACE_NAME_LENGTH_MAX)
    throw new Error(`bridge name "${s.bridge}" must have 1 to ${INTERFACE_NAME_LENGTH_MAX} characters`)
  return `${JSON.stringify(
    {
      cniVersion: '0.4.0', // the newest that containerd 1.6 and Debian 12's plugins both speak
      name: s.networkName ?? s.bridge,
      plugins: [
        {
          type: 'bridge',
          bridge: s.bridge,
          isGateway: true,
          isDefaultGateway: true,
          // Masquerading belongs to the proxy's table, which knows the whole cluster's range; the plugin knows one node's.
          ipMasq: false,
          hairpinMode: true,
          ...(s.mtu !== undefined && { mtu: s.mtu }),
          ipam: { type: 'host-local', dataDir: s.dataDir, ranges: [[{ subnet: s.subnet }]] },
        },
        { type: 'portmap', capabilities: { portMappings: true }, snat: true },
      ],
    },
    null,
    2,
  )}\n`
}

/** The bridge of node `node` (from 1) in cluster `cluster` (from 0): for nodes that share a network namespace it must differ. */
export function bridgeName(cluster: number, node: number): string {
  return `cni${cluster}n${node}`
}

/** Kernel settings of a node's network namespace without which pods reach neither Services nor the outside. */
export const nodeSysctls: readonly string[] = [
  'net.ipv4.ip_forward=1',
  // Answers between pods of one bridge must pass the connection tracker, which gives them back the Service's address.
  'net.bridge.bridge-nf-call-iptables=1',
]
