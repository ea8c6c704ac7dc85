/** `k8ts doctor`: names the component at fault and what to do. */

import { settings } from '#base/settings.ts'
import { nodes } from '#api/core/v1/node.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { command, type Environment } from '../command.ts'
import { connect } from '../cluster/connection.ts'
import { findMissing } from '../cluster/preflight.ts'
import { ClusterRecords, markOf, type ClusterRecord } from '../cluster/record.ts'

interface Finding {
  readonly component: string
  readonly ok: boolean
  readonly text: string
}

export const doctor = command({
  usage: '[--name NAME]',
  description: 'Checks this machine and a cluster, component by component. Ends with 0 when nothing is wrong.',
  settings: settings({ name: { type: 'string', flag: 'name', help: 'The cluster; by default the one started last' } }),
  async run({ values }, environment) {
    const findings: Finding[] = []
    const records = new ClusterRecords(environment.home)
    const record = values.name === undefined ? records.current() : records.get(values.name)
    const missing = await findMissing(environment)
    // what a simulated cluster does without is no fault of it
    const ok = missing === undefined || record?.runtime === 'simulated'
    findings.push({ component: 'machine', ok, text: missing ?? 'has all that real containers need' })
    if (record === undefined) findings.push({ component: 'cluster', ok: true, text: "none runs on this machine: 'k8ts up' starts one" })
    else findings.push(...(await examine(record, environment)))
    for (const f of findings) environment.out(`${f.ok ? 'ok   ' : 'FAULT'}  ${f.component.padEnd(22)} ${f.text}\n`)
    return findings.every((f) => f.ok) ? 0 : 1
  },
})

async function examine(record: ClusterRecord, environment: Environment): Promise<readonly Finding[]> {
  const serverLog = `${record.dataDirectory}/server.log`
  if (record.serverPid === undefined || !environment.alive(record.serverPid, markOf(record))) {
    return [
      {
        component: 'server',
        ok: false,
        text: `its process is gone: 'k8ts up --name ${record.name}' starts it again; its log is ${serverLog}`,
      },
    ]
  }
  const findings: Finding[] = []
  try {
    const client = await connect(record.kubeconfig)
    const ready = String(await client.raw('GET', '/readyz?verbose', undefined, AbortSignal.timeout(5000)))
    const failed = ready.split('\n').filter((line) => line.startsWith('[-]'))
    findings.push({
      component: 'kube-apiserver',
      ok: failed.length === 0,
      text: failed.length === 0 ? 'ready' : `not ready: ${failed.join(' ')}; its log is ${serverLog}`,
    })
    for (const node of (await client.list(nodes)).items) {
      const condition = node.status.conditions?.find((c) => c.type === 'Ready')
      const local = record.nodes.find((n) => n.name === node.metadata.name)
      findings.push({
        component: `kubelet ${node.metadata.name}`,
        ok: condition?.status === 'True',
        text:
          condition?.status === 'True'
            ? 'ready'
            : `${condition?.message ?? 'has not reported'}${local ? `; its log is ${local.directory}/agent.log` : ''}`,
      })
    }
    const stuck = (await client.list(pods)).items.flatMap((p) => troubleOf(p))
    findings.push(...(stuck.length === 0 ? [{ component: 'pods', ok: true, text: 'none is stuck' }] : stuck))
  } catch (error) {
    findings.push({ component: 'kube-apiserver', ok: false, text: `does not answer: ${(error as Error).message}; its log is ${serverLog}` })
  }
  return findings
}

/** Why a pod does not get on, if it does not. */
function troubleOf(pod: Pod): readonly Finding[] {
  const name = `pod ${pod.metadata.namespace}/${pod.metadata.name}`
  const unscheduled = pod.status.conditions?.find((c) => c.type === 'PodScheduled' && c.status === 'False')
  if (unscheduled)
    return [{ component: name, ok: false, text: `kube-scheduler: ${unscheduled.message ?? unscheduled.reason ?? 'not scheduled'}` }]
  const waiting = pod.status.containerStatuses?.find(
    (s) => s.state.waiting && !['ContainerCreating', 'PodInitializing'].includes(s.state.waiting.reason ?? ''),
  )
  if (waiting)
    return [
      {
        component: name,
        ok: false,
        text: `container ${waiting.name}: ${waiting.state.waiting?.reason}: ${waiting.state.waiting?.message ?? ''}`,
      },
    ]
  return []
}
