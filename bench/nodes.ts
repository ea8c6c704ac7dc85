/** Real nodes: a cold `k8ts up` until its demo answers, and a pod's start beside the runtime's own floor. */

import { execFileSync } from 'node:child_process'
import { eventually, needsRealNodes, startCluster } from '../tests/e2e/cluster-under-test.ts'
import { median, ms, type Figure } from './figures.ts'

const UP_BUDGET_MS = 10_000
const POD_RATIO = 1.3
const PODS = 10

export async function benchNodes(): Promise<readonly Figure[]> {
  if (needsRealNodes) {
    return [{ what: 'cold `k8ts up`, pod start', measured: `not measured: ${needsRealNodes}`, budget: '10 s; 1.3x', met: 'not measured' }]
  }
  const began = performance.now()
  await using cluster = await startCluster()
  const upMs = performance.now() - began

  const starts: number[] = []
  for (let i = 0; i < PODS; i++) {
    const name = `start-${i}`
    await cluster.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, namespace: 'default' },
      spec: { terminationGracePeriodSeconds: 0, containers: [{ name: 'c', image: 'k8ts-demo:1', imagePullPolicy: 'Never', command: ['/bin/sleep', '1000'] }] },
    })
    starts.push(
      await eventually(`${name} running`, async () => {
        const pod = JSON.parse(await cluster.kubectl('get', 'pod', name, '-o', 'json')) as Pod
        return pod.status.phase === 'Running' ? bindToRunning(pod, cluster.home, name) : undefined
      }),
    )
    await cluster.kubectl('delete', 'pod', name, '--wait=false')
  }
  const floor = runtimeFloorMs(`${cluster.home}/clusters/e2e/nodes/node-1/containerd/containerd.sock`)
  const start = median(starts)
  return [
    { what: 'cold `k8ts up` until a Deployment answers through its Service', measured: ms(upMs), budget: '10 s', met: upMs <= UP_BUDGET_MS },
    {
      what: 'pod from bind to running, image present',
      measured: `${ms(start)} (median of ${PODS}), the runtime's own floor ${ms(floor)}`,
      budget: `within ${POD_RATIO}x of the floor`,
      met: start <= floor * POD_RATIO,
      note: 'the floor is one `ctr run` of the same image with a network namespace made by hand',
    },
  ]
}

interface Pod {
  readonly status: { readonly phase: string; readonly conditions: readonly { readonly type: string; readonly lastTransitionTime: string }[] }
}

/** From the kubelet's own trace line of the pod, in milliseconds: bound (seen) until the runtime reported it running. */
function bindToRunning(_: Pod, home: string, name: string): number | undefined {
  const line = execFileSync('sh', ['-c', `grep -h '"pod started"' ${home}/clusters/e2e/nodes/*/agent.log | grep '"default/${name}"' | tail -1 || true`], { encoding: 'utf8' })
  const found = /"ms":([\d.]+)/.exec(line)
  return found ? Number(found[1]) : undefined
}

function runtimeFloorMs(socket: string): number {
  const pid = execFileSync('pgrep', ['-f', `containerd.*${socket.replace(/containerd\.sock$/, '')}`], { encoding: 'utf8' }).trim().split('\n')[0]!
  const times = Array.from({ length: 5 }, (_, i) => {
    const began = performance.now()
    execFileSync('nsenter', ['-t', pid, '-m', '-p', '-n', 'ctr', '-a', socket, '-n', 'k8s.io', 'run', '-d', '--null-io', 'docker.io/library/k8ts-demo:1', `floor-${i}`, '/bin/sleep', '1000'])
    const took = performance.now() - began
    execFileSync('nsenter', ['-t', pid, '-m', '-p', '-n', 'sh', '-c', `ctr -a ${socket} -n k8s.io task rm -f floor-${i}; ctr -a ${socket} -n k8s.io c rm floor-${i}`])
    return took
  })
  // a pod is two of them: its sandbox and its container
  return 2 * median(times)
}
