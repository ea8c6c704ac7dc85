/** ComponentStatus: asks the parts of the control plane how they are, each time anew. Nothing of it is stored. */

import type { Answer } from '../answer.ts'
import { Published } from '../cache/published.ts'
import { selectionOf } from '../registry/selection.ts'
import type { RequestContext } from '../request-context.ts'
import { methodNotServed, notFound } from './errors.ts'
import { componentStatuses, type ComponentStatus } from '#api/core/v1/component-status.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

const DEPRECATED = 'v1 ComponentStatus is deprecated in v1.19+'

/** Asks one component: what it said of itself; throws when it does not answer, or not well. */
export type ComponentProbe = () => Promise<string>

export async function answerComponentStatuses(ctx: RequestContext, probes: Readonly<Record<string, ComponentProbe>>): Promise<Answer> {
  const { verb, name } = ctx.info
  if (verb !== 'get' && verb !== 'list') throw methodNotServed()
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
