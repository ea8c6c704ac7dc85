/** Settings of what runs on a node, with upstream's flag names where the flag exists there. */

import { PORT, settings, type Values } from '#base/settings.ts'

export const agentSettings = settings({
  nodeName: { type: 'list', flag: 'node-name', help: 'Name of the node; several for simulated ones. By default the host name' },
  nodeIp: { type: 'string', flag: 'node-ip', help: 'Address of the node' },
  credentials: {
    type: 'string',
    flag: 'credentials',
    help: 'Folder with ca.crt, kubelet.crt, kubelet.key and the kubeconfigs of kubelet, kube-proxy and DNS',
  },
  rootDirectory: {
    type: 'string',
    flag: 'root-dir',
    help: 'Where pods, images and the network keep their files',
    default: '/var/lib/k8ts-agent',
  },
  runtime: { type: 'string', flag: 'runtime', help: 'containerd, or simulated', default: 'containerd' },
  runtimeEndpoint: {
    type: 'string',
    flag: 'container-runtime-endpoint',
    help: 'Socket of a CRI runtime that runs already; by default a containerd of its own is started',
  },
  imageDirectory: {
    type: 'string',
    flag: 'image-dir',
    help: 'Folder of image archives to import before the first pod starts, into a containerd of its own',
  },
  clusterDns: { type: 'list', flag: 'cluster-dns', help: 'DNS servers of pods', default: ['10.96.0.10'] },
  clusterDomain: { type: 'string', flag: 'cluster-domain', help: 'Domain of Services', default: 'cluster.local' },
  clusterCidr: { type: 'string', flag: 'cluster-cidr', help: 'Addresses of all pods', default: '10.244.0.0/16' },
  maxPods: { type: 'int', flag: 'max-pods', help: 'Pods a node takes', default: 110, min: 1 },
  port: { type: 'int', flag: 'port', help: 'Port of the kubelet', default: 10250, ...PORT },
  logLevel: { type: 'string', flag: 'log-level', help: 'debug, info, warn or error', default: 'info' },
})

export type AgentSettings = Values<typeof agentSettings>
