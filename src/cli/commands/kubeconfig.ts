/** `k8ts kubeconfig`: where the current cluster's administrator kubeconfig lies. */

import { settings } from '#base/settings.ts'
import { command, OperatorError } from '../command.ts'
import { ClusterRecords } from '../cluster/record.ts'

export const kubeconfig = command({
  usage: '[--name NAME]',
  description: "Prints the path of a cluster's administrator kubeconfig.",
  settings: settings({ name: { type: 'string', flag: 'name', help: 'The cluster; by default the one started last' } }),
  async run({ values }, environment) {
    const records = new ClusterRecords(environment.home)
    const record = values.name === undefined ? records.current() : records.get(values.name)
    if (record === undefined) throw new OperatorError(noCluster(values.name))
    environment.out(`${record.kubeconfig}\n`)
    return 0
  },
})

/** The sentence for a cluster that is not there. */
export function noCluster(name: string | undefined): string {
  return name === undefined
    ? "no cluster runs on this machine: start one with 'k8ts up'"
    : `there is no cluster named ${name}: 'k8ts up --name ${name}' starts it`
}
