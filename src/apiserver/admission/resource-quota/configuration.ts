/** What an operator wants counted even where no quota counts it. */

import { configurationOf } from '../configuration.ts'
import { ScopedResourceSelectorRequirement } from '#api/core/v1/resource-quota.ts'
import { list, message, opt, string } from '#schema/message.ts'

const NAME = 'k8s.io.apiserver.admission.resourcequota'

export class LimitedResource extends message(`${NAME}.LimitedResource`, {
  apiGroup: opt(1, string),
  resource: opt(2, string),
  matchContains: opt(3, list(string)),
  matchScopes: opt(4, list(ScopedResourceSelectorRequirement)),
}) {}

class ResourceQuotaConfiguration extends message(`${NAME}.ResourceQuotaConfiguration`, {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  limitedResources: opt(3, list(LimitedResource)),
}) {}

/** Throws AdmissionConfigurationError. */
export function readLimitedResources(value: unknown): readonly LimitedResource[] {
  if (value === undefined) return []
  const older = (value as { readonly kind?: unknown } | null)?.kind === 'Configuration'
  const as = older
    ? { group: 'resourcequota.admission.k8s.io', versions: ['v1', 'v1beta1', 'v1alpha1'], kind: 'Configuration' }
    : { group: 'apiserver.config.k8s.io', versions: ['v1'] }
  return configurationOf(value, ResourceQuotaConfiguration, as).limitedResources ?? []
}
