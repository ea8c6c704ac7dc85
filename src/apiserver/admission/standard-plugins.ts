/** All admission plugins in the order in which they run, with how each is made and whether it is on when nobody says. */

import { alwaysAdmit, alwaysDeny, jobValidation } from './always.ts'
import { alwaysPullImages } from './always-pull-images.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { denyServiceExternalIps } from './deny-service-external-ips.ts'
import { eventRateLimit } from './event-rate-limit.ts'
import { extendedResourceToleration } from './extended-resource-toleration.ts'
import { imagePolicyWebhook } from './image-policy-webhook.ts'
import { limitPodHardAntiAffinityTopology } from './limit-pod-hard-anti-affinity-topology.ts'
import { namespaceAutoProvision, namespaceExists } from './namespaces-on-demand.ts'
import { nodeDeclaredFeatureValidator } from './node-declared-features.ts'
import { ownerReferencesPermissionEnforcement } from './owner-references.ts'
import { podGroupProtection, podGroupWorkloadExists } from './pod-groups.ts'
import { podNodeSelector } from './pod-node-selector.ts'
import { podResizeValidator } from './pod-resize-validator.ts'
import { podTolerationRestriction } from './pod-toleration-restriction.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { runtimeClass } from './runtime-class.ts'
import { nodes } from '#api/core/v1/node.ts'
import { ingressClasses } from '#api/networking/v1/ingress-class.ts'
import { runtimeClasses } from '#api/node/v1/runtime-class.ts'
import { workloads } from '#api/scheduling/v1alpha2/workload.ts'
import type { AdmissionPlugin } from './admission.ts'
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
  requestOrganizations,
} from './certificates.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds, type TolerationSeconds } from './default-toleration-seconds.ts'
import { deviceAdminAccess } from './device-admin-access.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { namespaceLookup } from './namespace-lookup.ts'
import { nodeRestriction } from './node-restriction.ts'
import { persistentVolumeClaimResize } from './persistent-volume-claim-resize.ts'
import { AdmissionConfigurationError, chosenPlugins, type PluginNames } from './plugin-choice.ts'
import type { PluginParts } from './plugin-parts.ts'
import { readPodSecurityConfiguration } from './pod-security/configuration.ts'
import { podSecurity } from './pod-security/plugin.ts'
import { mutatingPolicies } from './policy/mutating-policies.ts'
import { policyParts } from './policy/policy-parts.ts'
import { validatingPolicies } from './policy/validating-policies.ts'
import { priorityAdmission } from './priority.ts'
import { readLimitedResources } from './resource-quota/configuration.ts'
import { resourceQuota } from './resource-quota/plugin.ts'
import { namespaceMaker, quotaStatusWriter } from './own-writes.ts'
import { rbacEscalation } from './rbac-escalation.ts'
import { serviceAccountAdmission } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use-protection.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { mutatingAdmissionPolicies } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBindings } from '#api/admissionregistration/v1/mutating-admission-policy-binding.ts'
import { mutatingWebhookConfigurations } from '#api/admissionregistration/v1/mutating-webhook-configuration.ts'
import { validatingAdmissionPolicies } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { validatingAdmissionPolicyBindings } from '#api/admissionregistration/v1/validating-admission-policy-binding.ts'
import { validatingWebhookConfigurations } from '#api/admissionregistration/v1/validating-webhook-configuration.ts'
import { limitRanges } from '#api/core/v1/limit-range.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { pods } from '#api/core/v1/pod.ts'
import { resourceQuotas } from '#api/core/v1/resource-quota.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import { priorityClasses } from '#api/scheduling/v1/priority-class.ts'
import { storageClasses } from '#api/storage/v1/storage-class.ts'
import { mutatingWebhooks } from '#apiserver/webhook/mutating-webhooks.ts'
import { validatingWebhooks } from '#apiserver/webhook/validating-webhooks.ts'
import { webhookParts } from '#apiserver/webhook/webhook-plugin-parts.ts'

import { groupResource } from '#schema/resource.ts'

/** `configuration` is what the operator says for the plugin, decoded; undefined: nothing. Throws AdmissionConfigurationError. */
type Maker = (parts: PluginParts, configuration: unknown) => AdmissionPlugin

/** A plugin that can be turned on and off by its name. */
export interface PluginRow extends PluginNames {
  readonly make: Maker
}

/** What upstream has in its registries rather than in plugins; nobody turns it off. */
const ALWAYS: readonly Maker[] = [({ objects }) => deviceAdminAccess({ find: (name) => objects.find(namespaces, '', name) })]

const on = (name: string, make: Maker): PluginRow => ({ name, on: true, make })
const off = (name: string, make: Maker): PluginRow => ({ name, on: false, make })

export const STANDARD_PLUGINS: readonly PluginRow[] = [
  off('AlwaysAdmit', () => alwaysAdmit),
  off('NamespaceAutoProvision', (parts) => namespaceAutoProvision({ exists: namespaceCheck(parts), create: namespaceMaker(parts) })),
  on('NamespaceLifecycle', ({ objects }) => namespaceLifecycle({ find: (name) => objects.find(namespaces, '', name) })),
  off('NamespaceExists', (parts) => namespaceExists({ exists: namespaceCheck(parts) })),
  off('LimitPodHardAntiAffinityTopology', () => limitPodHardAntiAffinityTopology),
  on('LimitRanger', ({ objects, clock }) =>
    limitRanger({
      list: namespaceLookup({
        cached: (namespace) => objects.cachedList(limitRanges, namespace),
        fresh: (namespace) => objects.list(limitRanges, namespace),
        clock,
      }),
    }),
  ),
  on('ServiceAccount', ({ objects, clock, random }) =>
    serviceAccountAdmission({ find: (namespace, name) => objects.find(serviceAccounts, namespace, name), clock, random }),
  ),
  // off upstream, where every installer turns it on
  on('NodeRestriction', nodeRestriction),
  on('TaintNodesByCondition', () => taintNodesByCondition),
  off('AlwaysPullImages', () => alwaysPullImages),
  off('ImagePolicyWebhook', ({ webhooks, clock }, configuration) => imagePolicyWebhook({ configuration, client: webhooks, clock })),
  on('PodSecurity', ({ objects, clock, metrics }, configuration) =>
    podSecurity({
      findNamespace: (name) => objects.find(namespaces, '', name),
      listPods: (namespace) => objects.cachedList(pods, namespace),
      clock,
      configuration: readPodSecurityConfiguration(configuration),
      counts: metrics.podSecurity,
    }),
  ),
  off('PodNodeSelector', ({ objects }, configuration) =>
    podNodeSelector({ findNamespace: (name) => objects.find(namespaces, '', name), configuration }),
  ),
  on('Priority', ({ objects }) =>
    priorityAdmission({
      find: (name) => objects.cached(priorityClasses, '', name),
      list: () => objects.cachedList(priorityClasses),
    }),
  ),
  on('DefaultTolerationSeconds', (_, seconds) => defaultTolerationSeconds(seconds as TolerationSeconds | undefined)),
  off('PodTolerationRestriction', ({ objects }, configuration) =>
    podTolerationRestriction({ findNamespace: (name) => objects.find(namespaces, '', name), configuration }),
  ),
  off('EventRateLimit', ({ clock }, configuration) => eventRateLimit({ configuration, clock })),
  off('ExtendedResourceToleration', () => extendedResourceToleration),
  on('DefaultStorageClass', ({ objects }) => defaultStorageClass({ list: () => objects.list(storageClasses) })),
  on('StorageObjectInUseProtection', () => storageObjectInUseProtection),
  on('PodGroupProtection', () => podGroupProtection),
  off('OwnerReferencesPermissionEnforcement', ({ authorizer, resources }) =>
    ownerReferencesPermissionEnforcement({
      authorizer,
      resourceOf: (apiVersion, kind) => resources().find((r) => r.apiVersion === apiVersion && r.kind === kind),
    }),
  ),
  on('PersistentVolumeClaimResize', ({ objects }) =>
    persistentVolumeClaimResize({ find: (name) => objects.find(storageClasses, '', name) }),
  ),
  on('RuntimeClass', ({ objects }) => runtimeClass({ find: (name) => objects.find(runtimeClasses, '', name) })),
  on('CertificateApproval', certificateApproval),
  on('CertificateSigning', certificateSigning),
  on('ClusterTrustBundleAttest', clusterTrustBundleAttest),
  on('CertificateSubjectRestriction', () => certificateSubjectRestriction({ organizations: requestOrganizations })),
  on('DefaultIngressClass', ({ objects }) => defaultIngressClass({ list: () => objects.cachedList(ingressClasses) })),
  off('DenyServiceExternalIPs', () => denyServiceExternalIps),
  on('PodTopologyLabels', ({ objects }) => podTopologyLabels({ findNode: (name) => objects.cached(nodes, '', name) })),
  on('PodGroupWorkloadExists', ({ objects }) =>
    podGroupWorkloadExists({ find: (namespace, name) => objects.find(workloads, namespace, name) }),
  ),
  on('NodeDeclaredFeatureValidator', ({ objects }) =>
    nodeDeclaredFeatureValidator({ findNode: (name) => objects.cached(nodes, '', name) }),
  ),
  on('JobValidation', () => jobValidation),
  on('PodResizeValidator', ({ objects }) => podResizeValidator({ findNode: (name) => objects.cached(nodes, '', name) })),
  on('MutatingAdmissionPolicy', (parts) =>
    mutatingPolicies(policyParts(parts, mutatingAdmissionPolicies, mutatingAdmissionPolicyBindings)),
  ),
  on('MutatingAdmissionWebhook', (parts, configuration) =>
    mutatingWebhooks(webhookParts(parts, 'admit', mutatingWebhookConfigurations, configuration)),
  ),
  on('ValidatingAdmissionPolicy', (parts) =>
    validatingPolicies({
      ...policyParts(parts, validatingAdmissionPolicies, validatingAdmissionPolicyBindings),
      clock: parts.clock,
      counts: parts.metrics.policies,
    }),
  ),
  on('ValidatingAdmissionWebhook', (parts, configuration) =>
    validatingWebhooks(webhookParts(parts, 'validating', validatingWebhookConfigurations, configuration)),
  ),
  on('ResourceQuota', (parts, configuration) => {
    const { objects, clock } = parts
    const fresh = (namespace: string) => objects.list(resourceQuotas, namespace)
    return resourceQuota({
      list: namespaceLookup({ cached: (namespace) => objects.cachedList(resourceQuotas, namespace), fresh, clock }),
      fresh,
      store: quotaStatusWriter(parts),
      exists: ({ resource, namespace, name }) => {
        const endpoint = parts.named(groupResource(resource)) as ReturnType<typeof parts.named> | undefined
        return name !== '' && endpoint?.registry.find(namespace, name) !== undefined
      },
      limited: readLimitedResources(configuration),
      now: () => clock.now(),
    })
  }),
  off('AlwaysDeny', () => alwaysDeny),
]

function namespaceCheck({ objects }: PluginParts) {
  return async (name: string) => (await objects.find(namespaces, '', name)) !== undefined
}

/** What an operator says of plugins. */
export interface PluginSelection {
  readonly enable?: readonly string[]
  readonly disable?: readonly string[]
  /** Plugins beyond the standard ones, run after those that change objects and before policies and webhooks. */
  readonly added?: readonly PluginRow[]
  /** What plugins are configured with, by their names. */
  readonly configurations?: ReadonlyMap<string, unknown>
}

/** The first of those that see what the others have made of an object. */
const LATE: ReadonlySet<string> = new Set([
  'MutatingAdmissionPolicy',
  'MutatingAdmissionWebhook',
  'ValidatingAdmissionPolicy',
  'ValidatingAdmissionWebhook',
  'ResourceQuota',
  'AlwaysDeny',
])

/** The plugins that run, in their order. Throws AdmissionConfigurationError where the selection names what is not there. */
export function standardPlugins(parts: PluginParts, selection: PluginSelection = {}): readonly AdmissionPlugin[] {
  const rows = orderedPlugins(selection.added ?? [])
  const chosen = chosenPlugins(rows, selection.enable ?? [], selection.disable ?? [])
  const made = rows.filter((row) => chosen.has(row.name)).map((row) => ({ row, plugin: makePlugin(row, parts, selection) }))
  const { resolver, authorizer } = parts
  return [
    ...made.filter(({ row }) => !LATE.has(row.name)).map(({ plugin }) => plugin),
    ...ALWAYS.map((make) => make(parts, undefined)),
    ...(resolver ? [rbacEscalation({ authorizer, resolver })] : []),
    ...made.filter(({ row }) => LATE.has(row.name)).map(({ plugin }) => plugin),
  ]
}

function makePlugin({ name, make }: PluginRow, parts: PluginParts, { configurations }: PluginSelection): AdmissionPlugin {
  try {
    return make(parts, configurations?.get(name))
  } catch (error) {
    if (!(error instanceof AdmissionConfigurationError)) throw error
    throw new AdmissionConfigurationError(`couldn't init admission plugin ${JSON.stringify(name)}: ${error.message}`, { cause: error })
  }
}

/** The standard plugins and those that were added, in the order in which they run. */
export function orderedPlugins(added: readonly PluginRow[]): readonly PluginRow[] {
  const late = STANDARD_PLUGINS.findIndex((row) => LATE.has(row.name))
  return late < 0 ? [...STANDARD_PLUGINS, ...added] : STANDARD_PLUGINS.toSpliced(late, 0, ...added)
}
