/** Binding: puts a pod on a node, once. */

import { conflict, invalid, methodNotServed } from '../errors.ts'
import { writeOptions } from '../options.ts'
import { inNamespace, writeFor, type Endpoint, type EndpointParts } from '../resource-endpoint.ts'
import { created } from './created.ts'
import type { Binding } from '#api/core/v1/binding.ts'
import { bindings } from '#api/core/v1/binding.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Answer } from '#apiserver/answer.ts'
import { readBody } from '#apiserver/encode/read-body.ts'
import type { Facet, Stored } from '#apiserver/registry/strategy.ts'
import type { RequestContext } from '#apiserver/request-context.ts'
import { timestamp } from '#base/clock.ts'
import { notSupported, required } from '#schema/field-error.ts'

const WHERE = { group: '', plural: 'pods/binding' }

/** POST to `pods/x/binding`, or to `bindings` with the pod's name in the body. */
export async function bindPod(pods: Endpoint, ctx: RequestContext, parts: EndpointParts): Promise<Answer> {
  const { info } = ctx
  if (info.verb !== 'create') throw methodNotServed()
  const options = writeOptions(ctx, 'CreateOptions')
  const expected = { apiVersion: 'v1', kind: 'Binding', message: bindings.type.schema }
  const binding = inNamespace((await readBody(ctx, expected, options.fieldValidation)) as unknown as Binding, info.namespace)
  const name = info.subresource === 'binding' ? info.name : binding.metadata.name
  refuseIncomplete(binding, name)
  const at = { namespace: info.namespace, name }
  const write = writeFor(pods, 'CREATE', 'binding', at, options.dryRun, ctx, parts)
  const admitted = (await write.admit(binding, undefined)) as Binding
  await write.check(admitted, undefined)
  const quiet = { ...write, admit: async (object: object) => object, check: async () => {} }
  await pods.registry.update(at, bindingFacet(admitted), (shown) => shown, quiet)
  return created()
}

/** Node name, labels, annotations and the PodScheduled condition change together, so that nobody sees one without the other. */
function bindingFacet(binding: Binding): Facet {
  return {
    subresource: 'binding',
    validation: 'none',
    read: (stored) => stored,
    write(_shown, old, { now }) {
      const pod = old as unknown as Pod
      const { name, uid } = pod.metadata
      const asked = binding.metadata.uid
      if (asked && asked !== uid)
        throw conflict(
          { group: '', plural: 'pods' },
          name,
          `Precondition failed: UID in precondition: ${asked}, UID in object meta: ${uid}`,
        )
      if (pod.metadata.deletionTimestamp !== undefined)
        throw conflict(WHERE, name, `pod ${name} is being deleted, cannot be assigned to a host`)
      if (pod.spec.nodeName) throw conflict(WHERE, name, `pod ${name} is already assigned to node ${JSON.stringify(pod.spec.nodeName)}`)
      if (pod.spec.schedulingGates?.length) throw conflict(WHERE, name, `pod ${name} has non-empty .spec.schedulingGates`)
      const annotations = { ...pod.metadata.annotations, ...binding.metadata.annotations }
      const labels = { ...pod.metadata.labels, ...binding.metadata.labels }
      const { nominatedNodeName: _, ...status } = pod.status
      const before = (status.conditions ?? []).find((c) => c.type === 'PodScheduled')
      const lastTransitionTime = before?.status === 'True' ? before.lastTransitionTime : timestamp(now)
      const condition = { type: 'PodScheduled', status: 'True', ...(lastTransitionTime && { lastTransitionTime }) }
      const conditions = status.conditions ?? []
      const bound = {
        ...pod,
        metadata: {
          ...pod.metadata,
          ...(Object.keys(labels).length > 0 && { labels }),
          ...(Object.keys(annotations).length > 0 && { annotations }),
        },
        spec: { ...pod.spec, nodeName: binding.target.name },
        status: { ...status, conditions: [...conditions.filter((c) => c.type !== 'PodScheduled'), condition] },
      }
      return bound as unknown as Stored
    },
  }
}

function refuseIncomplete(binding: Binding, name: string): void {
  const { target } = binding
  const errors = [
    ...(target?.kind && target.kind !== 'Node' ? [notSupported('target.kind', target.kind, ['Node', '<empty>'])] : []),
    ...(target?.name ? [] : [required('target.name')]),
  ]
  if (errors.length > 0) throw invalid({ group: '', kind: 'Binding' }, name, errors)
}
