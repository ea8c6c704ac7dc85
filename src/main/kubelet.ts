/** `k8ts kubelet`: the kubelet of a node alone. */

import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Taint } from '#api/core/v1/toleration.ts'
import { PORT_OR_ZERO, settings, UsageError } from '#base/settings.ts'
import { command, OperatorError } from '#cli/command.ts'
import { agentSettings } from './agent-settings.ts'
import { kubeconfigSetting } from './component-settings.ts'
import { connect } from './connect.ts'
import { makeDirectory } from '#cli/data-directory.ts'
import { firstAddress, runNodeKubelet } from './node-kubelet.ts'
import { cniDirectory, keepNetwork, prepareKernel } from './node-network.ts'
import { openNodeRuntime } from './node-runtime.ts'
import { untilStopped } from './process-life.ts'
import { processLog } from './process-log.ts'
import { readPair, readPem, selfSigned } from './read-pem.ts'

const { nodeIp, rootDirectory, runtimeEndpoint, clusterDns, clusterDomain, maxPods, port } = agentSettings

export const kubelet = command({
  usage: '--kubeconfig FILE [flags]',
  description:
    'Runs the kubelet of this machine until SIGTERM. Needs root. Pods keep running when it ends and are taken over when it comes back.',
  settings: settings({
    ...kubeconfigSetting,
    nodeName: { type: 'string', flag: 'hostname-override', help: 'Name of the node; by default the host name' },
    nodeIp,
    rootDirectory,
    runtimeEndpoint,
    clusterDns,
    clusterDomain,
    maxPods,
    labels: { type: 'list', flag: 'node-labels', help: 'Labels to register the node with: key=value' },
    taints: { type: 'list', flag: 'register-with-taints', help: 'Taints to register the node with: key=value:effect' },
    providerId: { type: 'string', flag: 'provider-id', help: "The machine's name at its provider" },
    address: { type: 'string', flag: 'address', help: 'Address to serve on', default: '0.0.0.0' },
    port,
    healthAddress: { type: 'string', flag: 'healthz-bind-address', help: 'Address of /healthz', default: '127.0.0.1' },
    healthPort: { type: 'int', flag: 'healthz-port', help: 'Port of /healthz', default: 10248, ...PORT_OR_ZERO },
    tlsCertFile: { type: 'string', flag: 'tls-cert-file', help: 'Certificate to serve with; by default one that signs itself' },
    tlsKeyFile: { type: 'string', flag: 'tls-private-key-file', help: 'Its key' },
    clientCaFile: {
      type: 'string',
      flag: 'client-ca-file',
      help: "Whose client certificates count; by default the kubeconfig's authority's",
    },
  }),
  async run({ values }, environment) {
    const log = processLog('kubelet', values.logLevel)
    const nodeName = (values.nodeName ?? hostname()).trim().toLowerCase()
    const root = values.rootDirectory
    const nodeAddress = values.nodeIp ?? firstAddress()
    const labels = Object.fromEntries(values.labels.map(readLabel))
    const taints = values.taints.map(readTaint)
    const { connection, ...connected } = connect(values.kubeconfig, 'kubelet', log)
    const pair =
      readPair(values.tlsCertFile, values.tlsKeyFile, ['tls-cert-file', 'tls-private-key-file']) ?? selfSigned([nodeName, nodeAddress])
    const clientCa = values.clientCaFile === undefined ? connection.ca : readPem(values.clientCaFile, 'client-ca-file')
    if (clientCa === undefined)
      throw new OperatorError(
        'it does not know whose client certificates to trust: the kubeconfig names no authority, so name one with --client-ca-file',
      )
    makeDirectory(root, 'root-dir')
    await prepareKernel()
    const network = join(root, 'cni')
    await using runtime = await openNodeRuntime({ root, cniConfiguration: cniDirectory(network), endpoint: values.runtimeEndpoint, log })
    const failed = new AbortController()
    void runtime.ended.then((why) => failed.abort(new OperatorError(why)))
    const signal = AbortSignal.any([environment.signal, failed.signal])
    // a runtime that was there before has a network of its own
    if (values.runtimeEndpoint === undefined)
      keepNetwork({ informers: connected.informers, nodeName, directory: network, alone: true, log }, signal)
    const loop = runNodeKubelet(
      {
        ...connected,
        log,
        runtime: runtime.runtime,
        nodeName,
        nodeAddress,
        root,
        clusterDns: values.clusterDns,
        clusterDomain: values.clusterDomain,
        maxPods: values.maxPods,
        port: values.port,
        address: values.address,
        health: { address: values.healthAddress, port: values.healthPort },
        tls: { key: pair.key, certificate: pair.cert, clientCa },
        labels,
        taints,
        ...(values.providerId !== undefined && { providerId: values.providerId }),
      },
      signal,
    )
    await untilStopped([loop], environment.signal, failed)
    return 0
  },
})

function readLabel(text: string): readonly [string, string] {
  const [key = '', ...value] = text.split('=')
  if (key === '' || value.length !== 1)
    throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--node-labels" flag: must be key=value`)
  return [key, value[0]!]
}

function readTaint(text: string): Taint {
  const found = /^([^=:]+)(?:=([^=:]*))?:(NoSchedule|PreferNoSchedule|NoExecute)$/.exec(text)
  if (found === null)
    throw new UsageError(`invalid argument ${JSON.stringify(text)} for "--register-with-taints" flag: must be key=value:effect`)
  const [, key, value, effect] = found
  return { key: key!, ...(value !== undefined && { value }), effect: effect as Taint['effect'] } as Taint
}
