/** The demo a new cluster runs: a Deployment of three web servers behind a Service, reached as a user would reach it. */

import { deployments } from '#api/apps/v1/deployment.ts'
import { services } from '#api/core/v1/service.ts'
import { sleep } from '#base/clock.ts'
import { isReason, type Client } from '#client/client.ts'
import type { Environment } from '../command.ts'
import { OperatorError } from '../command.ts'
import { DEMO_IMAGE } from './images.ts'

const NAMESPACE = 'default'
const LABELS = { app: 'k8ts-demo' }
const DEMO_REPLICAS = 3
const PORT = 8080

/** Creates the Deployment and the Service; answers the Service's node port. What exists already stays. */
export async function applyDemo(client: Client): Promise<number> {
  await ignoreExisting(
    client.create(deployments, {
      metadata: { name: 'k8ts-demo', namespace: NAMESPACE, labels: LABELS },
      spec: {
        replicas: DEMO_REPLICAS,
        selector: { matchLabels: LABELS },
        template: {
          metadata: { labels: LABELS } as never,
          spec: {
            containers: [
              {
                name: 'web',
                image: DEMO_IMAGE,
                imagePullPolicy: 'IfNotPresent',
                ports: [{ containerPort: PORT }],
                readinessProbe: { httpGet: { path: '/', port: PORT }, periodSeconds: 1 },
                resources: { requests: { cpu: '10m', memory: '16Mi' } },
              },
            ],
          },
        },
      },
    } as never),
  )
  await ignoreExisting(
    client.create(services, {
      metadata: { name: 'k8ts-demo', namespace: NAMESPACE, labels: LABELS },
      spec: { type: 'NodePort', selector: LABELS, ports: [{ port: 80, targetPort: PORT }] },
    } as never),
  )
  const service = await client.get(services, { namespace: NAMESPACE, name: 'k8ts-demo' })
  return service.spec.ports?.[0]?.nodePort ?? 0
}

/** Resolves once every replica is available. */
export async function demoAvailable(
  client: Client,
  environment: Environment,
  say: (detail: string) => void,
  withinMs: number,
): Promise<void> {
  const deadline = environment.clock.monotonic() + withinMs
  for (;;) {
    const available = (await client.get(deployments, { namespace: NAMESPACE, name: 'k8ts-demo' })).status.availableReplicas ?? 0
    say(`${available} of ${DEMO_REPLICAS} pods`)
    if (available >= DEMO_REPLICAS) return
    if (environment.clock.monotonic() > deadline)
      throw new OperatorError(`only ${available} of ${DEMO_REPLICAS} demo pods became available: 'k8ts doctor' looks for the cause`)
    await sleep(environment.clock, POLL_MS, environment.signal)
  }
}

const POLL_MS = 100

/** Asks until the Service answers; returns the first line of what it says. */
export async function askDemo(url: string, environment: Environment, withinMs: number): Promise<string> {
  const deadline = environment.clock.monotonic() + withinMs
  for (;;) {
    let why: string
    try {
      // A connection kept open would reach the same endpoint again, though it may be one that is gone.
      const answer = await fetch(url, { headers: { connection: 'close' }, signal: AbortSignal.timeout(POLL_MS * 20) })
      const text = (await answer.text()).trim()
      if (answer.ok) return text
      why = `status ${answer.status}`
    } catch (error) {
      why = (error as Error).message
    }
    if (environment.clock.monotonic() > deadline) throw new OperatorError(`the demo's Service did not answer at ${url}: ${why}`)
    await sleep(environment.clock, POLL_MS, environment.signal)
  }
}

async function ignoreExisting(created: Promise<unknown>): Promise<void> {
  try {
    await created
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}
