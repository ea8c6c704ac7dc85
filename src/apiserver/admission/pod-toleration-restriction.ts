/** Namespaces give their pods tolerations, and say which they may have. */

import type { AdmissionPlugin } from './admission.ts'
import { configurationOf } from './configuration.ts'
import { podOf, withSpec } from './requested.ts'
import { allCovered, mergeTolerations } from './tolerations.ts'
import { notFound, refusal } from '#apiserver/endpoints/errors.ts'
import { namespaces, type Namespace } from '#api/core/v1/namespace.ts'
import { qosClass } from '#api/core/v1/pod-qos.ts'
import { Toleration } from '#api/core/v1/toleration.ts'
import { list, message, opt, string } from '#schema/message.ts'

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const ALLOWED = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'
const MEMORY_PRESSURE: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }

class Configuration extends message('k8s.io.kubernetes.plugin.admission.podtolerationrestriction.Configuration', {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  default: opt(3, list(Toleration)),
  whitelist: opt(4, list(Toleration)),
}) {}

export function podTolerationRestriction(parts: {
  readonly findNamespace: (name: string) => Promise<Namespace | undefined>
  readonly configuration: unknown
}): AdmissionPlugin {
  const configured =
    parts.configuration === undefined
      ? undefined
      : configurationOf(parts.configuration, Configuration, {
          group: 'podtolerationrestriction.admission.k8s.io',
          versions: ['v1alpha1'],
          kind: 'Configuration',
        })

  async function annotated(namespace: string, key: string): Promise<readonly Toleration[] | undefined> {
    const found = await parts.findNamespace(namespace)
    if (found === undefined) throw notFound(namespaces, namespace)
    const text = found.metadata.annotations?.[key]
    if (text === undefined) return undefined
    if (text === '') return []
    try {
      return JSON.parse(text) as readonly Toleration[]
    } catch (error) {
      throw refusal({ code: 500, reason: '', message: (error as Error).message }, error)
    }
  }

  return {
    name: 'PodTolerationRestriction',
    operations: ['CREATE', 'UPDATE'],
    async admit(request) {
      const pod = podOf(request)
      if (pod === undefined) return undefined
      const given = request.operation === 'CREATE' ? ((await annotated(request.namespace, DEFAULTS)) ?? configured?.default ?? []) : []
      const more = [...given, ...(qosClass(pod) === 'BestEffort' ? [] : [MEMORY_PRESSURE])]
      return more.length === 0 ? undefined : withSpec(pod, { tolerations: mergeTolerations(pod.spec.tolerations ?? [], more) })
    },
    async validate(request) {
      const tolerations = podOf(request)?.spec.tolerations ?? []
      if (tolerations.length === 0) return
      const allowed = (await annotated(request.namespace, ALLOWED)) ?? configured?.whitelist ?? []
      if (allowed.length > 0 && !allCovered(tolerations, allowed))
        throw refusal({
          code: 500,
          reason: '',
          message: 'pod tolerations (possibly merged with namespace default tolerations) conflict with its namespace whitelist',
        })
    },
  }
}
