/** ComponentStatus: asks the parts of the control plane how they are, each time anew. Nothing of it is stored. */

import { request } from 'node:https'
import type { Answer } from '../answer.ts'
import { Published } from '../cache/published.ts'
import { selectionOf } from '../registry/selection.ts'
import type { RequestContext } from '../request-context.ts'
import { methodNotAllowed, notFound } from './errors.ts'
import { componentStatuses, type ComponentStatus } from '#api/core/v1/component-status.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

const DEPRECATED = 'v1 ComponentStatus is deprecated in v1.19+'
const PROBE_IDLE_MS = 20_000 // upstream's patience with a component

/** Asks one component: what it said of itself; throws when it does not answer, or not well. */
export type ComponentProbe = () => Promise<string>

export async function answerComponentStatuses(ctx: RequestContext, probes: Readonly<Record<string, ComponentProbe>>): Promise<Answer> {
  const { verb, name } = ctx.info
  if (verb !== 'get' && verb !== 'list') throw methodNotAllowed(componentStatuses, verb)
  ctx.warnings.push(DEPRECATED)
  if (verb === 'get') {
    const probe = Object.hasOwn(probes, name) ? probes[name] : undefined
    if (probe === undefined) throw notFound(componentStatuses, name)
    return { type: 'object', status: 200, object: await statusOf(name, probe), resource }
  }
  const { matches } = selectionOf(resource, ctx.query.get('labelSelector') ?? '', ctx.query.get('fieldSelector') ?? '')
  const objects = await Promise.all(Object.entries(probes).map(([component, probe]) => statusOf(component, probe)))
  const items = objects.filter((object) => matches(object)).map((object) => new Published(resource, object.metadata.name, 0, object))
  return { type: 'list', resource, items, metadata: {} }
}

const resource = componentStatuses as unknown as Resource

async function statusOf(name: string, probe: ComponentProbe): Promise<KubeObject> {
  const said = await probe().then(
    (message) => ({ status: 'True', message }),
    (error: unknown) => ({ status: 'False', message: error instanceof Error ? error.message : String(error) }),
  )
  const object = { kind: 'ComponentStatus', apiVersion: 'v1', metadata: { name }, conditions: [{ type: 'Healthy', ...said }] }
  return object as unknown as ComponentStatus & KubeObject
}

/** Asks `/healthz` at a port of this machine. Components sign their certificates themselves, and nothing secret is said. */
export function healthzProbe(port: number): ComponentProbe {
  const url = `https://127.0.0.1:${port}/healthz`
  return () =>
    new Promise((resolve, reject) => {
      const asked = request(url, { rejectUnauthorized: false, timeout: PROBE_IDLE_MS }, (response) => {
        const parts: Buffer[] = []
        response.on('data', (part: Buffer) => void parts.push(part))
        response.on('error', reject)
        response.on('end', () => {
          const text = Buffer.concat(parts).toString('utf8')
          if (response.statusCode === 200) resolve(text)
          else reject(new Error(text))
        })
      })
      asked.on('timeout', () => asked.destroy(new Error('context deadline exceeded')))
      asked.on('error', (error: NodeJS.ErrnoException) =>
        reject(
          new Error(
            `Get "${url}": ${error.code === 'ECONNREFUSED' ? `dial tcp 127.0.0.1:${port}: connect: connection refused` : error.message}`,
          ),
        ),
      )
      asked.end()
    })
}
