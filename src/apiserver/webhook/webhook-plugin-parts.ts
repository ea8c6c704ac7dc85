/** What the two plugins that call webhooks are made of. */

import { admissionHooks, type HookConfiguration } from './admission-hooks.ts'
import { matchConditions } from './match-conditions.ts'
import type { WebhookPluginParts } from './mutating-webhooks.ts'
import { webhookCredentials } from './webhook-credentials.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import type { PluginParts } from '#apiserver/admission/plugin-parts.ts'
import { notFound } from '#apiserver/endpoints/errors.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

/** `configuration` is what the operator says for the plugin. Throws AdmissionConfigurationError. */
export function webhookParts(
  { objects, webhooks, random, authorizer, hookMetrics }: PluginParts,
  type: 'admit' | 'validating',
  configurations: Resource<HookConfiguration & KubeObject>,
  configuration: unknown,
): WebhookPluginParts {
  return {
    client: webhooks,
    random,
    hooks: admissionHooks(() => objects.cachedList(configurations), webhookCredentials(configuration)),
    matchConditions: matchConditions(authorizer),
    watch: hookMetrics(type),
    async namespaceLabels(name) {
      const found = await objects.find(namespaces, '', name)
      if (found === undefined) throw notFound(namespaces, name)
      return found.metadata.labels
    },
  }
}
