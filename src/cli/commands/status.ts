/** `k8ts status`: what runs on this machine, and how it is. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { nodes as nodeResource } from '#api/core/v1/node.ts'
import { pods as podResource } from '#api/core/v1/pod.ts'
import { settings, UsageError } from '#base/settings.ts'
import { command, type Environment } from '../command.ts'
import { connect } from '../cluster/connection.ts'
import { ClusterRecords, markOf, type ClusterRecord } from '../cluster/record.ts'

export const status = command({
  usage: '[--name NAME] [-o json]',
  description: 'Shows the clusters of this machine: their processes, nodes and pods. Ends with 0 only when every cluster shown is healthy.',
  settings: settings({
    name: { type: 'string', flag: 'name', help: 'One cluster; by default all' },
    output: { type: 'string', flag: 'output', short: 'o', help: 'json for scripts' },
  }),
  async run({ values }, environment) {
    if (values.output !== undefined && values.output !== 'json')
      throw new UsageError(`unable to match a printer suitable for the output format "${values.output}", allowed formats are: json`)
    const records = new ClusterRecords(environment.home).all().filter((r) => values.name === undefined || r.name === values.name)
    if (records.length === 0) {
      environment.err(
        values.name === undefined
          ? "No cluster runs on this machine: 'k8ts up' starts one.\n"
          : `There is no cluster named ${values.name}.\n`,
      )
      return 1
    }
    let healthy = true
    for (const record of records) {
      const seen = await look(record, environment)
      healthy &&= seen.ready && seen.nodes.every((n) => n.ready)
      environment.out(values.output === 'json' ? `${JSON.stringify(seen, undefined, 2)}\n` : render(seen))
    }
    return healthy ? 0 : 1
  },
})

interface Seen {
  readonly name: string
  readonly server: string
  readonly kubeconfig: string
  readonly dataDirectory: string
  readonly ready: boolean
  /** Processes of the control plane, their supervisor aside. */
  readonly serverPids: readonly number[]
  readonly nodes: readonly {
    readonly name: string
    readonly ready: boolean
    readonly agentPids: readonly number[]
    readonly pods: number
  }[]
}

async function look(record: ClusterRecord, environment: Environment): Promise<Seen> {
  const server = `https://127.0.0.1:${record.securePort}`
  const base = {
    name: record.name,
    server,
    kubeconfig: record.kubeconfig,
    dataDirectory: record.dataDirectory,
    serverPids:
      record.serverPid === undefined || !environment.alive(record.serverPid, markOf(record)) ? [] : ours(record.serverPid, 'server'),
  }
  const agents = (pid: number | undefined) => (pid === undefined || !environment.alive(pid, markOf(record)) ? [] : ours(pid, 'agent'))
  try {
    const client = await connect(record.kubeconfig)
    const [nodeList, podList] = await Promise.all([client.list(nodeResource), client.list(podResource)])
    return {
      ...base,
      ready: true,
      nodes: nodeList.items.map((n) => ({
        name: n.metadata.name,
        ready: n.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True') === true,
        agentPids: agents(record.nodes.find((r) => r.name === n.metadata.name)?.pid),
        pods: podList.items.filter((p) => p.spec.nodeName === n.metadata.name).length,
      })),
    }
  } catch {
    return { ...base, ready: false, nodes: record.nodes.map((n) => ({ name: n.name, ready: false, agentPids: agents(n.pid), pods: 0 })) }
  }
}

/** The processes below `pid` that run our command of this name. */
function ours(pid: number, name: string): readonly number[] {
  const found: number[] = []
  const visit = (parent: number) => {
    for (const child of children(parent)) {
      const words = commandLine(child)
      if (words.some((w) => /\/(k8ts\.(ts|js))$/.test(w)) && words.includes(name)) found.push(child)
      visit(child)
    }
  }
  visit(pid)
  return found
}

function children(pid: number): readonly number[] {
  try {
    return execFileSync('ps', ['-o', 'pid=', '--ppid', String(pid)], { encoding: 'utf8' })
      .trim()
      .split(/\s+/)
      .filter(Boolean)
      .map(Number)
  } catch {
    return []
  }
}

function commandLine(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    return []
  }
}

function render(seen: Seen): string {
  const rows = seen.nodes.map((n) => `  ${n.name.padEnd(12)} ${n.ready ? 'Ready   ' : 'NotReady'}  ${n.pods} pods\n`).join('')
  return `Cluster ${seen.name}: ${seen.ready ? 'the API server answers' : 'the API server does not answer'} at ${seen.server}\n${rows}  kubeconfig   ${seen.kubeconfig}\n`
}
