/** What every server has of flow control and nobody may change: the level that never waits, and the one for all the rest. */

import type { FlowSchemaSpec, PolicyRulesWithSubjects, Subject } from './flow-schema.ts'
import type { PriorityLevelConfigurationSpec } from './priority-level-configuration.ts'

export const EVERYBODY: readonly Subject[] = groups('system:unauthenticated', 'system:authenticated')

export const mandatoryLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  exempt: { type: 'Exempt', exempt: { nominalConcurrencyShares: 0, lendablePercent: 0 } },
  'catch-all': {
    type: 'Limited',
    limited: { nominalConcurrencyShares: 5, lendablePercent: 0, limitResponse: { type: 'Reject' } },
  },
}

export const mandatorySchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  exempt: {
    matchingPrecedence: 1,
    priorityLevelConfiguration: { name: 'exempt' },
    rules: [anything(groups('system:masters'))],
  },
  'catch-all': {
    distinguisherMethod: { type: 'ByUser' },
    matchingPrecedence: 10_000,
    priorityLevelConfiguration: { name: 'catch-all' },
    rules: [anything(EVERYBODY)],
  },
}

export function groups(...names: readonly string[]): readonly Subject[] {
  return names.map((name) => ({ kind: 'Group', group: { name } }))
}

/** Every request of some subjects. */
export function anything(subjects: readonly Subject[]): PolicyRulesWithSubjects {
  return {
    subjects,
    resourceRules: [{ verbs: ['*'], apiGroups: ['*'], resources: ['*'], clusterScope: true, namespaces: ['*'] }],
    nonResourceRules: [{ verbs: ['*'], nonResourceURLs: ['*'] }],
  }
}
