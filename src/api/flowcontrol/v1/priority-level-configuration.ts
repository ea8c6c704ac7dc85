/** Declares PriorityLevelConfiguration (flowcontrol/v1). */

import { conditionErrors, levelErrors, queuingDefaults } from './flow-control-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, list, message, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class QueuingConfiguration extends message(
  'k8s.io.api.flowcontrol.v1.QueuingConfiguration',
  {
    queues: opt(1, int32(), { doc: 'Number of queues. 64 by default.' }),
    handSize: opt(2, int32(), { doc: 'Queues out of which each flow uses the shortest. 8 by default.' }),
    queueLengthLimit: opt(3, int32(), { doc: 'Requests that may wait in a queue. 50 by default.' }),
  },
  { doc: 'Queues of a level.' },
) {}

export class LimitResponse extends message(
  'k8s.io.api.flowcontrol.v1.LimitResponse',
  {
    type: req(1, string, { doc: 'Queue, or Reject to answer 429.', mayBeEmpty: true }),
    queuing: opt(2, QueuingConfiguration, { doc: 'The queues; only for Queue.' }),
  },
  {
    doc: 'What to do with requests for which there is no room.',
    unions: [{ discriminator: 'type', members: ['queuing'], required: false }],
  },
) {}

export class LimitedPriorityLevelConfiguration extends message(
  'k8s.io.api.flowcontrol.v1.LimitedPriorityLevelConfiguration',
  {
    nominalConcurrencyShares: opt(1, int32(), { doc: "Share in the server's capacity. 30 by default.", keepsZero: true }),
    limitResponse: opt(2, LimitResponse, { doc: 'What to do with requests for which there is no room.' }),
    lendablePercent: opt(3, int32(), { doc: 'How much of its share others may borrow, 0 to 100 percent. 0 by default.', keepsZero: true }),
    borrowingLimitPercent: opt(4, int32(), {
      doc: 'How much it may borrow, in percent of its share. Without limit by default.',
      keepsZero: true,
    }),
  },
  { doc: 'A level with limited room.' },
) {}

export class ExemptPriorityLevelConfiguration extends message(
  'k8s.io.api.flowcontrol.v1.ExemptPriorityLevelConfiguration',
  {
    nominalConcurrencyShares: opt(1, int32(), { doc: "Share in the server's capacity, to lend to others. 0 by default.", keepsZero: true }),
    lendablePercent: opt(2, int32(), { doc: 'How much of its share others may borrow, 0 to 100 percent. 0 by default.', keepsZero: true }),
  },
  { doc: 'A level whose requests never wait.' },
) {}

export class PriorityLevelConfigurationSpec extends message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationSpec',
  {
    type: req(1, string, { doc: 'Exempt or Limited.', mayBeEmpty: true }),
    limited: opt(2, LimitedPriorityLevelConfiguration, { doc: 'Limits; only and always for Limited.' }),
    exempt: opt(3, ExemptPriorityLevelConfiguration, { doc: 'What it lends to others; only for Exempt.' }),
  },
  {
    doc: 'Whether and how requests of a level are limited.',
    unions: [{ discriminator: 'type', members: ['exempt', 'limited'], required: false }],
  },
) {}

export class PriorityLevelConfigurationCondition extends message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationCondition',
  {
    type: opt(1, string, { doc: 'What the condition is about, in CamelCase.' }),
    status: opt(2, string, { doc: 'Whether it holds: True, False or Unknown.' }),
    lastTransitionTime: opt(3, time, { doc: 'When the status last changed.' }),
    reason: opt(4, string, { doc: 'Why it has this status, as one CamelCase word for programs.' }),
    message: opt(5, string, { doc: 'Why it has this status, in words for people.' }),
  },
  { doc: 'One thing that is observed of a priority level.' },
) {}

export class PriorityLevelConfigurationStatus extends message(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfigurationStatus',
  {
    conditions: opt(
      1,
      list(PriorityLevelConfigurationCondition, { listType: 'map', keys: ['type'], patch: { strategy: 'merge', mergeKey: 'type' } }),
      { doc: 'What is observed of it.' },
    ),
  },
  { doc: 'What is observed of a priority level.' },
) {}

export class PriorityLevelConfiguration extends object(
  'k8s.io.api.flowcontrol.v1.PriorityLevelConfiguration',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, PriorityLevelConfigurationSpec, { doc: 'What is wanted of the level.' }),
    status: val(3, PriorityLevelConfigurationStatus, { doc: 'What is observed of the level.' }),
  },
  { doc: "A level of importance of requests, with its share in the server's capacity." },
) {}

export const priorityLevelConfigurations = resource(PriorityLevelConfiguration, {
  group: 'flowcontrol.apiserver.k8s.io',
  version: 'v1',
  kind: 'PriorityLevelConfiguration',
  plural: 'prioritylevelconfigurations',
  scope: 'Cluster',
  subresources: [{ name: 'status', verbs: ['get', 'patch', 'update'] }],
  columns: [
    nameColumn,
    { name: 'Type', type: 'string', description: 'Whether it is limited.', cell: (l) => l.spec.type },
    {
      name: 'NominalConcurrencyShares',
      type: 'string',
      description: "Its share in the server's capacity.",
      cell: (l) => number(l.spec.limited?.nominalConcurrencyShares),
    },
    { name: 'Queues', type: 'string', description: 'How many queues it has.', cell: (l) => number(queuingOf(l)?.queues) },
    { name: 'HandSize', type: 'string', description: 'Queues that a flow uses.', cell: (l) => number(queuingOf(l)?.handSize) },
    {
      name: 'QueueLengthLimit',
      type: 'string',
      description: 'How long a queue gets.',
      cell: (l) => number(queuingOf(l)?.queueLengthLimit),
    },
    ageColumn,
  ],
})

function queuingOf({ spec }: PriorityLevelConfiguration) {
  return spec.limited?.limitResponse?.queuing
}

function number(value: number | undefined): string {
  return value === undefined ? '<none>' : String(value)
}

rulesFor(QueuingConfiguration, { defaults: queuingDefaults })
rulesFor(LimitedPriorityLevelConfiguration, {
  defaults: ({ nominalConcurrencyShares = 30, lendablePercent = 0 }) => ({ nominalConcurrencyShares, lendablePercent }),
})
rulesFor(ExemptPriorityLevelConfiguration, {
  defaults: ({ nominalConcurrencyShares = 0, lendablePercent = 0 }) => ({ nominalConcurrencyShares, lendablePercent }),
})
rulesFor(PriorityLevelConfiguration, {
  check: levelErrors,
  checkUpdate: (level, _old, _path, subresource) => (subresource === 'status' ? conditionErrors(level.status) : []),
})
