/** Talking to a cluster's API server from the command line. */

import { existsSync } from 'node:fs'
import { sleep, systemClock } from '#base/clock.ts'
import type { Client } from '#client/client.ts'
import { OperatorError, type Environment } from '../command.ts'

/** A client as the kubeconfig's current user. Loaded late: most commands never need it. */
export async function connect(kubeconfig: string): Promise<Client> {
  const [{ createClient }, { httpsTransport }, { loadKubeconfig }] = await Promise.all([
    import('#client/create-client.ts'),
    import('#client/https-transport.ts'),
    import('#client/kubeconfig.ts'),
  ])
  return createClient(httpsTransport({ ...loadKubeconfig(kubeconfig), clock: systemClock }), { userAgent: 'k8ts' })
}

const POLL_MS = 25

/** Resolves once `/readyz` answers; `ended` says why there is nothing left to wait for, and `log` is named when it takes too long. */
export async function waitReady(
  kubeconfig: string,
  environment: Environment,
  withinMs: number,
  ended: () => string | undefined,
  log: string,
): Promise<void> {
  const deadline = environment.clock.monotonic() + withinMs
  let last = 'it has not written its kubeconfig'
  for (;;) {
    if (existsSync(kubeconfig)) {
      try {
        const client = await connect(kubeconfig)
        await client.raw('GET', '/readyz', undefined, AbortSignal.timeout(POLL_MS * 40))
        return
      } catch (error) {
        last = (error as Error).message
      }
    }
    const why = ended()
    if (why !== undefined) throw new OperatorError(`the control plane ended at once: ${why}`)
    if (environment.clock.monotonic() > deadline)
      throw new OperatorError(`the control plane was not ready within ${withinMs / 1000} s (${last}): its log is ${log}`)
    await sleep(environment.clock, POLL_MS, environment.signal)
  }
}
