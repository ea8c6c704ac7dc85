/** What a machine must have to run real containers. */

import { existsSync } from 'node:fs'
import type { Environment } from '../command.ts'

/** Programs the nodes run and the Debian package each comes with. */
export const neededPrograms: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  nft: 'nftables',
  conntrack: 'conntrack',
  ip: 'iproute2',
  nsenter: 'util-linux',
  unshare: 'util-linux',
}

const PLUGIN_DIRECTORIES = ['/usr/lib/cni', '/opt/cni/bin']

/** The sentence that says what is missing and what to do; undefined when everything is there. */
export async function findMissing(environment: Pick<Environment, 'platform' | 'isRoot' | 'run'>): Promise<string | undefined> {
  if (environment.platform !== 'linux') return `real containers need Linux and this is ${environment.platform}: use --runtime simulated`
  if (!environment.isRoot) return 'real containers need root, and this user is not: run it with sudo, or use --runtime simulated'
  const packages = new Set<string>()
  for (const [program, name] of Object.entries(neededPrograms)) {
    const found = await environment.run({ program: 'sh', words: ['-c', `command -v ${program}`], mayFail: true })
    if (found.trim() === '') packages.add(name)
  }
  if (!PLUGIN_DIRECTORIES.some((d) => existsSync(`${d}/bridge`))) packages.add('containernetworking-plugins')
  if (packages.size === 0) return undefined
  return `real containers need software that is not installed: run 'apt-get install ${[...packages].join(' ')}', or use --runtime simulated`
}
