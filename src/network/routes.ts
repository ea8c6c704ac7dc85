/** host-gw: a route to every other node's pod subnet through that node's address, as `ip -batch` lines. */

export interface NodeRoute {
  /** Pod subnet, `10.244.1.0/24`. */
  readonly subnet: string
  /** The node's address on the network the nodes share. */
  readonly via: string
}

/** The lines that turn `present` into `wanted`. Removals come first, so that a subnet may change its node. */
export function planRoutes(wanted: readonly NodeRoute[], present: readonly NodeRoute[]): readonly string[] {
  const text = (r: NodeRoute) => `${r.subnet} via ${r.via}`
  const want = new Set(wanted.map(text))
  const have = new Set(present.map(text))
  const subnets = new Set(wanted.map((r) => r.subnet))
  return [
    ...present.filter((r) => !want.has(text(r)) && !subnets.has(r.subnet)).map((r) => `route del ${text(r)}`),
    ...wanted.filter((r) => !have.has(text(r))).map((r) => `route replace ${text(r)}`),
  ]
}
