/** `k8ts down`: ends a cluster's processes and removes every trace of its nodes. */

import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { settings } from '#base/settings.ts'
import { sleep } from '#base/clock.ts'
import { command, type Environment } from '../command.ts'
import { bridgeDown, machineNames, nodeDown } from '../cluster/machine-plan.ts'
import { lockCluster } from '../cluster/lock.ts'
import { ClusterRecords, markOf, type ClusterRecord } from '../cluster/record.ts'
import { step } from '../progress.ts'

export const down = command({
  usage: '[--name NAME | --all] [--delete-data]',
  description:
    "Takes a cluster down: no process, mount, namespace, rule or interface stays. The cluster's objects and certificates are kept for the\nnext 'k8ts up', unless --delete-data is given.",
  settings: settings({
    name: { type: 'string', flag: 'name', help: 'The cluster; by default the one started last' },
    all: { type: 'bool', flag: 'all', help: 'Every cluster on this machine' },
    deleteData: { type: 'bool', flag: 'delete-data', help: 'Remove the data directory too' },
  }),
  async run({ values }, environment) {
    const records = new ClusterRecords(environment.home)
    const chosen = values.all ? records.all() : [values.name === undefined ? records.current() : records.get(values.name)]
    if (chosen.length === 0 || chosen[0] === undefined) {
      environment.out(values.name === undefined ? 'No cluster runs on this machine.\n' : `There is no cluster named ${values.name}.\n`)
      return 0
    }
    for (const record of chosen) {
      if (record === undefined) continue
      using _ = await lockCluster(record.name, environment)
      const current = records.get(record.name) // another command may have ended it meanwhile
      if (current !== undefined) await takeDown(current, records, environment, values.deleteData)
    }
    return 0
  },
})

/** Ends everything a record names, in whatever state it is, and forgets the record. */
export async function takeDown(
  record: ClusterRecord,
  records: ClusterRecords,
  environment: Environment,
  deleteData: boolean,
  keepLogs = false,
): Promise<void> {
  await step(environment, `cluster ${record.name} taken down`, async () => {
    for (const node of record.nodes)
      if (node.pid !== undefined) environment.kill(node.pid, markOf(record), node.networkNamespace === undefined ? 'SIGTERM' : 'SIGKILL')
    if (record.serverPid !== undefined) await stop(record.serverPid, markOf(record), environment)
    for (const node of record.nodes) if (node.pid !== undefined) await stop(node.pid, markOf(record), environment)
    if (record.runtime === 'containerd') {
      for (let number = record.nodes.length; number > 0; number--) for (const c of nodeDown(record.index, number)) await environment.run(c)
      for (const c of bridgeDown(record.index)) await environment.run(c)
      await removeCgroups(machineNames(record.index).cgroup, environment)
    }
    for (const node of record.nodes) removeScratch(node.directory, keepLogs)
    if (deleteData) rmSync(record.dataDirectory, { recursive: true, force: true })
    records.remove(record.name)
  })
}

/** Removes what a node leaves; after a failure its logs stay, because they say why. */
function removeScratch(directory: string, keepLogs: boolean): void {
  if (!keepLogs) return rmSync(directory, { recursive: true, force: true })
  if (!existsSync(directory)) return
  for (const name of readdirSync(directory)) if (!name.endsWith('.log')) rmSync(join(directory, name), { recursive: true, force: true })
}

const STOP_MS = 6_000 // the server drains for at most five seconds after SIGTERM

/** Ends a process: SIGTERM first, SIGKILL when it takes too long. */
export async function stop(pid: number, mark: string, environment: Environment): Promise<void> {
  environment.kill(pid, mark, 'SIGTERM')
  const deadline = environment.clock.monotonic() + STOP_MS
  while (environment.alive(pid, mark)) {
    if (environment.clock.monotonic() > deadline) environment.kill(pid, mark, 'SIGKILL')
    await sleep(environment.clock, 20)
  }
}

const CGROUP_TRIES = 50 // the kernel frees a group a moment after its last process is gone

async function removeCgroups(cgroup: string, environment: Environment): Promise<void> {
  const find = `find /sys/fs/cgroup -maxdepth 2 -type d -name '${cgroup}'`
  for (let i = 0; i < CGROUP_TRIES; i++) {
    await environment.run({
      program: 'sh',
      words: ['-c', `${find} | while read d; do find "$d" -depth -type d -exec rmdir {} + ; done 2>/dev/null`],
      mayFail: true,
    })
    if ((await environment.run({ program: 'sh', words: ['-c', find], mayFail: true })).trim() === '') return
    await sleep(environment.clock, 100)
  }
  environment.err(`the control groups named ${cgroup} could not be removed; they are empty and harmless, and go with the next reboot\n`)
}

/** Where a node keeps what does not outlive it. */
export function nodeDirectory(dataDirectory: string, name: string): string {
  return join(dataDirectory, 'nodes', name)
}
