/** Declares PriorityClass (scheduling/v1). */

import { IMMUTABLE, forbidden, invalid, type FieldError } from '#schema/field-error.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { bool, int32, oneOfInOrder, opt, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class PriorityClass extends object(
  'k8s.io.api.scheduling.v1.PriorityClass',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    value: opt(2, int32(), { doc: 'Priority of its pods; more is more important, up to 1000000000. Cannot be changed.' }),
    globalDefault: opt(3, bool, { doc: 'Whether pods that name no class get this one. False by default.' }),
    description: opt(4, string, { doc: 'What the class is meant for.' }),
    preemptionPolicy: opt(5, oneOfInOrder('PreemptLowerPriority', 'Never'), {
      doc: 'Whether less important pods may be evicted for its pods: PreemptLowerPriority (the default) or Never.',
      default: 'PreemptLowerPriority',
      keepsZero: true,
    }),
  },
  { doc: 'Names a priority for pods.' },
) {}

export const priorityClasses = resource(PriorityClass, {
  group: 'scheduling.k8s.io',
  version: 'v1',
  kind: 'PriorityClass',
  plural: 'priorityclasses',
  scope: 'Cluster',
  shortNames: ['pc'],
  columns: [
    nameColumn,
    { name: 'Value', type: 'integer', description: 'The higher, the sooner.', cell: (p) => p.value ?? 0 },
    {
      name: 'Global-Default',
      type: 'boolean',
      description: 'Whether pods without a class get this one.',
      cell: (p) => p.globalDefault ?? false,
    },
    ageColumn,
    {
      name: 'PreemptionPolicy',
      type: 'string',
      description: 'Whether its pods may push others out.',
      cell: (p) => p.preemptionPolicy ?? '',
    },
  ],
})

const USER_PRIORITY_MAX = 1_000_000_000 // above lie the system's own
const SYSTEM_CLASSES: Readonly<Record<string, number>> = { 'system-node-critical': 2_000_001_000, 'system-cluster-critical': 2_000_000_000 }

rulesFor(PriorityClass, {
  check({ metadata: { name = '' }, value = 0, globalDefault = false }): FieldError[] {
    if (name.startsWith('system-')) {
      const problem = systemProblem(name, value, globalDefault)
      const reserved = "priority class names with 'system-' prefix are reserved for system use only"
      return problem === undefined ? [] : [forbidden('metadata.name', `${reserved}. error: ${problem}`)]
    }
    return value > USER_PRIORITY_MAX ? [forbidden('value', `maximum allowed value of a user defined priority is ${USER_PRIORITY_MAX}`)] : []
  },
  checkUpdate(now, old): FieldError[] {
    const errors: FieldError[] = []
    if ((now.value ?? 0) !== (old.value ?? 0)) errors.push(forbidden('value', 'may not be changed in an update.'))
    if (now.preemptionPolicy !== old.preemptionPolicy) errors.push(invalid('preemptionPolicy', now.preemptionPolicy ?? null, IMMUTABLE))
    return errors
  },
})

/** Why a class is not one of the system's own. */
function systemProblem(name: string, value: number, globalDefault: boolean): string | undefined {
  const known = Object.hasOwn(SYSTEM_CLASSES, name) ? SYSTEM_CLASSES[name] : undefined
  if (known === undefined) return `${name} is not a known system priority class`
  if (value !== known) return `value of ${name} PriorityClass must be ${known}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}
