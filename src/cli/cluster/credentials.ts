/** What a node's agent needs to join: kubeconfigs for each of its parts, and the kubelet's serving certificate. */

import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { kubeconfig } from '#apiserver/pki/kubeconfig.ts'
import { openPki, writeFile } from '#apiserver/pki/pki.ts'
import type { Clock } from '#base/clock.ts'
import { systemRandom } from '#base/random.ts'

export interface CredentialsWanted {
  /** The server's data directory, whose authority signs. */
  readonly dataDirectory: string
  /** The node's directory; the credentials go below it. */
  readonly directory: string
  readonly nodeNames: readonly string[]
  /** Where the kubelet serves. */
  readonly addresses: readonly string[]
  /** The API server as the node reaches it. */
  readonly server: string
  readonly clock: Clock
}

/** Writes `ca.crt`, `kubelet-NODE.kubeconfig`, `kube-proxy.kubeconfig`, `dns.kubeconfig` and `kubelet.{crt,key}`; answers their folder. */
export async function issueNodeCredentials(wanted: CredentialsWanted): Promise<string> {
  const { server, nodeNames, addresses } = wanted
  const pki = openPki({ directory: join(wanted.dataDirectory, 'pki'), clock: wanted.clock, random: systemRandom })
  const directory = join(wanted.directory, 'credentials')
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const write = (file: string, user: string, organizations: readonly string[] = []) => {
    const credentials = pki.issue({ commonName: user, organizations, usage: 'client' })
    writeFile(join(directory, file), kubeconfig({ server, ca: pki.ca.cert, user, credentials }), 0o600)
  }
  for (const name of nodeNames) write(`kubelet-${name}.kubeconfig`, `system:node:${name}`, ['system:nodes'])
  write('kube-proxy.kubeconfig', 'system:kube-proxy')
  write('dns.kubeconfig', 'system:k8ts-dns')
  const serving = pki.issue({
    commonName: `system:node:${nodeNames[0]}`,
    organizations: ['system:nodes'],
    hosts: [...nodeNames, ...addresses],
    usage: 'serving',
  })
  writeFile(join(directory, 'ca.crt'), pki.ca.cert, 0o644)
  writeFile(join(directory, 'kubelet.crt'), serving.cert, 0o644)
  writeFile(join(directory, 'kubelet.key'), serving.key, 0o600)
  return directory
}
