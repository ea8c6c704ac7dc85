/** Resolves a pod's priority class to the number that schedulers and kubelets compare. */

import type { AdmissionPlugin } from './admission.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import { priorityClasses, type PriorityClass } from '#api/scheduling/v1/priority-class.ts'
import type { KubeObject } from '#schema/resource.ts'

export function priorityAdmission(parts: {
  readonly find: (name: string) => PriorityClass | undefined
  readonly list: () => readonly PriorityClass[]
}): AdmissionPlugin {
  /** Of several defaults, which a race can leave behind, the lowest counts. */
  const defaultClass = () =>
    parts
      .list()
      .filter((c) => c.globalDefault === true)
      .toSorted((a, b) => (a.value ?? 0) - (b.value ?? 0))[0]

  return {
    name: 'Priority',
    operations: ['CREATE', 'UPDATE'],
    admit({ operation, resource, subresource, object, oldObject }) {
      if (resource.group !== '' || resource.plural !== 'pods' || subresource !== '') return undefined
      const pod = object as unknown as Pod
      if (operation === 'UPDATE') {
        // Old clients leave out what they do not know; it must not look like a change.
        const { priority, preemptionPolicy } = (oldObject as unknown as Pod).spec
        const kept = {
          ...(pod.spec.priority === undefined && priority !== undefined && { priority }),
          ...(pod.spec.preemptionPolicy === undefined && preemptionPolicy !== undefined && { preemptionPolicy }),
        }
        return Object.keys(kept).length === 0 ? undefined : ({ ...pod, spec: { ...pod.spec, ...kept } } as unknown as KubeObject)
      }
      const asked = pod.spec.priorityClassName ?? ''
      const found = asked === '' ? defaultClass() : parts.find(asked)
      const { name = '' } = pod.metadata
      if (asked !== '' && found === undefined) throw forbidden(pods, name, `no PriorityClass with name ${asked} was found`)
      const priority = found?.value ?? 0
      const preemptionPolicy = found?.preemptionPolicy ?? 'PreemptLowerPriority'
      if (pod.spec.priority !== undefined && pod.spec.priority !== priority)
        throw forbidden(
          pods,
          name,
          `the integer value of priority (${pod.spec.priority}) must not be provided in pod spec; priority admission controller computed ${priority} from the given PriorityClass name`,
        )
      if (pod.spec.preemptionPolicy !== undefined && pod.spec.preemptionPolicy !== preemptionPolicy)
        throw forbidden(
          pods,
          name,
          `the string value of PreemptionPolicy (${pod.spec.preemptionPolicy}) must not be provided in pod spec; priority admission controller computed ${preemptionPolicy} from the given PriorityClass name`,
        )
      const className = found?.metadata.name ?? asked
      const spec = { ...pod.spec, ...(className !== '' && { priorityClassName: className }), priority, preemptionPolicy }
      return { ...pod, spec } as unknown as KubeObject
    },
    validate({ resource, object }) {
      if (resource.group !== 'scheduling.k8s.io' || resource.plural !== 'priorityclasses') return
      const priorityClass = object as unknown as PriorityClass
      if (!priorityClass.globalDefault) return
      const other = parts.list().find((c) => c.globalDefault && c.metadata.name !== priorityClass.metadata.name)
      if (other)
        throw forbidden(
          priorityClasses,
          priorityClass.metadata.name,
          `PriorityClass ${other.metadata.name} is already marked as default. Only one default can exist`,
        )
    },
  }
}
