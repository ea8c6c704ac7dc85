/** Namespaces bind their pods to nodes with certain labels. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { decodedAs } from './configuration.ts'
import { refused } from './refused.ts'
import { podOf, withSpec } from './requested.ts'
import { notFound, refusal } from '#apiserver/endpoints/errors.ts'
import { namespaces, type Namespace } from '#api/core/v1/namespace.ts'
import { map, message, opt, string } from '#schema/message.ts'

type Labels = Readonly<Record<string, string>>

const ANNOTATION = 'scheduler.alpha.kubernetes.io/node-selector'
const DEFAULT = 'clusterDefaultNodeSelector'

class Configuration extends message('k8s.io.kubernetes.plugin.admission.podnodeselector.Configuration', {
  podNodeSelectorPluginConfig: opt(1, map(string)),
}) {}

export function podNodeSelector(parts: {
  readonly findNamespace: (name: string) => Promise<Namespace | undefined>
  readonly configuration: unknown
}): AdmissionPlugin {
  const selectors =
    parts.configuration === undefined ? {} : (decodedAs(parts.configuration, Configuration).podNodeSelectorPluginConfig ?? {})

  async function ofNamespace(name: string): Promise<Labels> {
    const found = await parts.findNamespace(name)
    if (found === undefined) throw notFound(namespaces, name)
    return labels(found.metadata.annotations?.[ANNOTATION] ?? selectors[DEFAULT] ?? '')
  }
  function check(request: AdmissionRequest, wanted: Labels, own: Labels): void {
    if (Object.keys(wanted).some((key) => own[key] !== undefined && own[key] !== wanted[key]))
      throw refused(request, 'pod node label selector conflicts with its namespace node label selector')
  }

  return {
    name: 'PodNodeSelector',
    operations: ['CREATE'],
    async admit(request) {
      const pod = podOf(request)
      if (pod === undefined) return undefined
      const wanted = await ofNamespace(request.namespace)
      const own = pod.spec.nodeSelector ?? {}
      check(request, wanted, own)
      return Object.keys(wanted).length === 0 ? undefined : withSpec(pod, { nodeSelector: { ...wanted, ...own } })
    },
    async validate(request) {
      const pod = podOf(request)
      if (pod === undefined) return
      const own = pod.spec.nodeSelector ?? {}
      check(request, await ofNamespace(request.namespace), own)
      const allowed = labels(selectors[request.namespace] ?? '')
      if (Object.keys(allowed).length > 0 && Object.entries(own).some(([key, value]) => allowed[key] !== value))
        throw refused(request, 'pod node label selector labels conflict with its namespace whitelist')
    },
  }
}

/** From `a=b,c=d`. */
function labels(text: string): Labels {
  const pairs = text.split(',').filter((pair) => pair.trim() !== '')
  return Object.fromEntries(
    pairs.map((pair) => {
      const [key = '', value, ...more] = pair.split('=').map((part) => part.trim())
      if (value === undefined || more.length > 0) throw refusal({ code: 500, reason: '', message: `invalid selector: ${pair}` })
      return [key, value]
    }),
  )
}
