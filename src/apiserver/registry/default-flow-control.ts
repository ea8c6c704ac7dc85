/** The priority levels and flow schemas every cluster starts with: two of each that may not change, and more that are suggested. */

import type { DefaultObject } from './default-objects.ts'
import type { FlowSchemaSpec, PolicyRulesWithSubjects, Subject } from '#api/flowcontrol/v1/flow-schema.ts'
import { anything, EVERYBODY, groups, mandatoryLevels, mandatorySchemas } from '#api/flowcontrol/v1/mandatory.ts'
import type { PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import type { KubeObject } from '#schema/resource.ts'

const GROUP = 'flowcontrol.apiserver.k8s.io'
/** Says that the server may bring the object up to date, until somebody says otherwise. */
const AUTO_UPDATE = 'apf.kubernetes.io/autoupdate-spec'

const CONTROLLER_MANAGER = 'system:kube-controller-manager'
const SCHEDULER = 'system:kube-scheduler'
const NODES = groups('system:nodes')

const suggestedLevels: Readonly<Record<string, PriorityLevelConfigurationSpec>> = {
  system: queued(30, 33, 64, 6),
  'node-high': queued(40, 25, 64, 6),
  'leader-election': queued(10, 0, 16, 4),
  'workload-high': queued(40, 50, 128, 6),
  'workload-low': queued(100, 90, 128, 6),
  'global-default': queued(20, 50, 128, 6),
}

const suggestedSchemas: Readonly<Record<string, FlowSchemaSpec>> = {
  'system-nodes': schema('system', 500, 'ByUser', anything(NODES)),
  'system-node-high': schema('node-high', 400, 'ByUser', {
    subjects: NODES,
    resourceRules: [
      { verbs: ['*'], apiGroups: [''], resources: ['nodes', 'nodes/status'], clusterScope: true, namespaces: ['*'] },
      { verbs: ['*'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] },
    ],
  }),
  probes: schema('exempt', 2, undefined, {
    subjects: EVERYBODY,
    nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz', '/readyz', '/livez'] }],
  }),
  'system-leader-election': schema('leader-election', 100, 'ByUser', {
    subjects: [...users(CONTROLLER_MANAGER, SCHEDULER), systemAccount('*')],
    resourceRules: [{ verbs: ['get', 'create', 'update'], apiGroups: ['coordination.k8s.io'], resources: ['leases'], namespaces: ['*'] }],
  }),
  'kube-controller-manager': schema('workload-high', 800, 'ByNamespace', anything(users(CONTROLLER_MANAGER))),
  'kube-scheduler': schema('workload-high', 800, 'ByNamespace', anything(users(SCHEDULER))),
  'kube-system-service-accounts': schema('workload-high', 900, 'ByNamespace', anything([systemAccount('*')])),
  'service-accounts': schema('workload-low', 9000, 'ByUser', anything(groups('system:serviceaccounts'))),
  'global-default': schema('global-default', 9900, 'ByUser', anything(EVERYBODY)),
}

export const flowControlObjects: readonly DefaultObject[] = [
  ...named('PriorityLevelConfiguration', 'prioritylevelconfigurations', { ...mandatoryLevels, ...suggestedLevels }),
  ...named('FlowSchema', 'flowschemas', { ...mandatorySchemas, ...suggestedSchemas }),
]

function named(kind: string, plural: string, specs: Readonly<Record<string, object>>): readonly DefaultObject[] {
  return Object.entries(specs).map(([name, spec]) => ({
    resource: `${plural}.${GROUP}`,
    object: { kind, apiVersion: `${GROUP}/v1`, metadata: { name, annotations: { [AUTO_UPDATE]: 'true' } }, spec } as unknown as KubeObject,
  }))
}

function queued(shares: number, lendablePercent: number, queues: number, handSize: number): PriorityLevelConfigurationSpec {
  const queuing = { queues, handSize, queueLengthLimit: 50 }
  return { type: 'Limited', limited: { nominalConcurrencyShares: shares, lendablePercent, limitResponse: { type: 'Queue', queuing } } }
}

function schema(level: string, precedence: number, method: string | undefined, rule: PolicyRulesWithSubjects): FlowSchemaSpec {
  return {
    priorityLevelConfiguration: { name: level },
    matchingPrecedence: precedence,
    ...(method !== undefined && { distinguisherMethod: { type: method } }),
    rules: [rule],
  }
}

function users(...names: readonly string[]): readonly Subject[] {
  return names.map((name) => ({ kind: 'User', user: { name } }))
}

function systemAccount(name: string): Subject {
  return { kind: 'ServiceAccount', serviceAccount: { namespace: 'kube-system', name } }
}
