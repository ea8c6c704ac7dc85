/** A component's way to the API server: the kubeconfig it is given, a client as its user, and informers that read with it. */

import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { systemRandom } from '#base/random.ts'
import { OperatorError } from '#cli/command.ts'
import type { Client } from '#client/client.ts'
import { createClient } from '#client/create-client.ts'
import { createInformers } from '#client/create-informers.ts'
import { httpsTransport } from '#client/https-transport.ts'
import type { Informers } from '#client/informer.ts'
import { KubeconfigError, loadKubeconfig, type Connection } from '#client/kubeconfig.ts'
import type { Transport } from '#client/transport.ts'

export interface Connected {
  readonly connection: Connection
  readonly transport: Transport
  readonly client: Client
  readonly informers: Informers
}

/** Throws `OperatorError` when the kubeconfig cannot be used; whether the server answers shows later. */
export function connect(kubeconfig: string | undefined, userAgent: string, log: Log): Connected {
  const connection = readKubeconfig(kubeconfig)
  const transport = httpsTransport({ ...connection, clock: systemClock })
  const client = createClient(transport, { userAgent })
  return { connection, transport, client, informers: createInformers({ client, clock: systemClock, random: systemRandom, log }) }
}

function readKubeconfig(path: string | undefined): Connection {
  if (path === undefined) throw new OperatorError('it does not know the API server: name a kubeconfig with --kubeconfig')
  try {
    return loadKubeconfig(path)
  } catch (error) {
    if (error instanceof KubeconfigError) throw new OperatorError(error.message, { cause: error })
    throw error
  }
}
