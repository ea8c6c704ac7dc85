/** All controllers of kube-controller-manager: which there are, under which account each acts, and how they are started. */

import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import type { Client } from '#client/client.ts'
import { createEventRecorder } from '#client/event-recorder.ts'
import type { Informers } from '#client/informer.ts'
import type { QueueMetrics } from '#client/queue-metrics.ts'
import { groupResource, type Resource } from '#schema/resource.ts'
import { prepareApprover } from './certificates/approver.ts'
import { prepareCleaner } from './certificates/cleaner.ts'
import type { ReadRequest } from './certificates/request.ts'
import { prepareSigner, type SignCertificate } from './certificates/signer.ts'
import { clusterRoleAggregationController } from './clusterrole-aggregation.ts'
import { serviceCidrController } from './service-cidr.ts'
import type { Controller } from './controller.ts'
import { customInformers, type CustomInformers } from './custom-resources.ts'
import { deploymentController } from './deployment/deployment.ts'
import { disruptionController } from './disruption.ts'
import { endpointsController } from './endpoints.ts'
import { endpointSliceController } from './endpointslice.ts'
import { garbageCollector } from './garbage-collector.ts'
import { namespaceController } from './namespace.ts'
import { rootCaPublisher, serviceAccountController } from './namespace-defaults.ts'
import { nodeIpamController } from './node-ipam.ts'
import { nodeLifecycleController } from './node-lifecycle.ts'
import { preparePodGc } from './pod-gc.ts'
import { replicaSetController } from './replicaset.ts'
import { replicationControllerController } from './replicationcontroller.ts'
import { serviceAccountTokenController, type ServiceAccountTokenParts } from './service-account-tokens.ts'
import { prepareController, type RunnerParts } from './runner.ts'
import { prepareResourceQuota, type ResourceQuotaOptions } from './resource-quota.ts'
import { taintEvictionController } from './taint-eviction.ts'
import { ttlController } from './ttl.ts'
import { validatingPolicyStatusController } from './validating-admission-policy-status.ts'
import { attributesClassProtection, claimProtection, volumeProtection } from './volume-protection.ts'

export interface ControllersParts {
  readonly client: Client
  /** A client under one controller's service account in kube-system; absent: `client` for all. */
  readonly clientFor?: (account: string) => Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** Hears how the controllers' queues do. */
  readonly queues?: QueueMetrics
  /** Everything served: what namespaces are emptied of and garbage is looked for in. */
  readonly resources: readonly Resource[]
  /** The cluster's authority (PEM), published to every namespace; absent: not published. */
  readonly rootCa?: string
  /** Absent: Secrets get no service account tokens. */
  readonly signAccountToken?: ServiceAccountTokenParts['sign']
  /** Absent: certificate requests are neither approved nor signed here. */
  readonly certificates?: { readonly readRequest: ReadRequest; readonly signCertificate: SignCertificate }
  /** Pod addresses, each node's a /24 of them; absent: nodes bring their own. */
  readonly clusterCidr?: string
  readonly nodeMonitorGracePeriodMs?: number
  readonly terminatedPodsMax?: number
  readonly resourceQuota?: ResourceQuotaOptions
  /** Upstream's `--controllers`: `*` for all, `name` or `name-controller`, `-name` to leave one out. */
  readonly controllers?: readonly string[]
}

/** For a controller that has no account of its own, as it makes what accounts need. */
const MANAGER = ''

type Prepare = (parts: RunnerParts) => (signal: AbortSignal) => Promise<void>

interface Listed {
  readonly name: string
  /** Upstream's service account of the controller. */
  readonly account: string
  readonly prepare: Prepare
}

/** Starts the chosen controllers and the informers they read from; runs until `signal` aborts. */
export async function runControllers(parts: ControllersParts, signal: AbortSignal): Promise<void> {
  const { clock, log, informers, queues } = parts
  const custom = customInformers(parts)
  const loops = listControllers(parts, custom)
    .filter((c) => isChosen(c.name, parts.controllers ?? ['*']))
    .map(({ name, account, prepare }) => {
      const client = (account === MANAGER ? undefined : parts.clientFor?.(account)) ?? parts.client
      const recorder = createEventRecorder({ client, clock, log, component: name === 'deployment' ? 'deployment-controller' : account })
      return { name, run: prepare({ client, informers, recorder, clock, log, ...(queues && { queues }) }) }
    })
  informers.start(signal)
  await Promise.all([
    custom.run(signal),
    ...loops.map(({ name, run }) =>
      run(signal).catch((error: unknown) => {
        if (signal.aborted) return
        throw new Error(`controller ${name} failed`, { cause: error })
      }),
    ),
  ])
}

function listControllers(parts: ControllersParts, custom: CustomInformers): readonly Listed[] {
  const of = <S>(controller: Controller<S>, account: string): Listed => ({
    name: controller.name,
    account,
    prepare: (p) => prepareController(controller, p),
  })
  const { rootCa, signAccountToken, certificates, clusterCidr, clock } = parts
  const resources = preferredVersions(parts.resources)
  /** Runs over everything that can be watched, custom resources included, and anew whenever they are others. */
  const overAll =
    (prepare: (all: readonly Resource[], p: RunnerParts) => (signal: AbortSignal) => Promise<void>): Prepare =>
    (p) => {
      for (const resource of resources) if (isWatched(resource)) p.informers.for(resource)
      return (signal) => custom.over((defined, informers, now) => prepare([...resources, ...defined], { ...p, informers })(now), signal)
    }
  const everywhere = <S>(over: (resources: readonly Resource[]) => Controller<S>, account: string): Listed => ({
    name: over([]).name,
    account,
    prepare: overAll((all, p) => prepareController(over(all), p)),
  })
  return [
    everywhere(namespaceController, 'namespace-controller'),
    of(serviceAccountController, 'service-account-controller'),
    ...(rootCa === undefined ? [] : [of(rootCaPublisher(rootCa), 'root-ca-cert-publisher')]),
    ...(signAccountToken === undefined
      ? []
      : [of(serviceAccountTokenController({ sign: signAccountToken, ...(rootCa !== undefined && { rootCa }) }), MANAGER)]),
    of(deploymentController, 'deployment-controller'),
    of(replicaSetController, 'replicaset-controller'),
    of(replicationControllerController, 'replication-controller'),
    of(endpointsController, 'endpoint-controller'),
    of(endpointSliceController, 'endpointslice-controller'),
    of(disruptionController, 'disruption-controller'),
    everywhere(garbageCollector, 'generic-garbage-collector'),
    of(nodeLifecycleController(clock, parts.nodeMonitorGracePeriodMs), 'node-controller'),
    of(taintEvictionController(clock), 'node-controller'),
    ...(clusterCidr === undefined ? [] : [of(nodeIpamController(clusterCidr), 'node-controller')]),
    of(ttlController(), 'ttl-controller'),
    {
      name: 'resourcequota',
      account: 'resourcequota-controller',
      prepare: overAll((all, p) => prepareResourceQuota(all, p, parts.resourceQuota)),
    },
    of(clusterRoleAggregationController, 'clusterrole-aggregation-controller'),
    of(serviceCidrController, 'service-cidrs-controller'),
    {
      name: 'validatingadmissionpolicy-status',
      account: 'validatingadmissionpolicy-status-controller',
      prepare: (p) =>
        prepareController(
          validatingPolicyStatusController((path) => p.client.raw('GET', path)),
          p,
        ),
    },
    of(claimProtection, 'pvc-protection-controller'),
    of(volumeProtection, 'pv-protection-controller'),
    of(attributesClassProtection, 'volumeattributesclass-protection-controller'),
    {
      name: 'pod-garbage-collector',
      account: 'pod-garbage-collector',
      prepare: (p) => preparePodGc(p, parts.terminatedPodsMax === undefined ? {} : { terminatedPodsMax: parts.terminatedPodsMax }),
    },
    ...(certificates === undefined
      ? []
      : [
          {
            name: 'certificatesigningrequest-approving',
            account: 'certificate-controller',
            prepare: (p: RunnerParts) => prepareApprover(certificates.readRequest, p),
          },
          {
            name: 'certificatesigningrequest-signing',
            account: 'certificate-controller',
            prepare: (p: RunnerParts) => prepareSigner(certificates, p),
          },
          { name: 'certificatesigningrequest-cleaner', account: 'certificate-controller', prepare: prepareCleaner },
        ]),
  ]
}

function isWatched({ verbs }: Resource): boolean {
  return verbs.includes('list') && verbs.includes('watch')
}

/** One version of what a group serves in several: they are the same objects, and one look at each is enough. The first is preferred. */
export function preferredVersions(resources: readonly Resource[]): readonly Resource[] {
  const seen = new Map<string, Resource>()
  for (const resource of resources) if (!seen.has(groupResource(resource))) seen.set(groupResource(resource), resource)
  return [...seen.values()]
}

function isChosen(name: string, chosen: readonly string[]): boolean {
  const plain = (text: string) => text.replace(/-controller$/, '')
  if (chosen.some((c) => c.startsWith('-') && plain(c.slice(1)) === name)) return false
  return chosen.includes('*') || chosen.some((c) => plain(c) === name)
}
