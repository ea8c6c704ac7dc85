/** The admission webhooks that are configured, in the order in which upstream asks them. */

import { webhookOf, type ServiceTarget, type Webhook } from './webhook-client.ts'
import type { WebhookCredentials } from './webhook-credentials.ts'
import type { MutatingWebhook } from '#api/admissionregistration/v1/mutating-webhook-configuration.ts'
import type { ValidatingWebhook } from '#api/admissionregistration/v1/validating-webhook-configuration.ts'
import { labelSelectorOf, type LabelSelector_ } from '#schema/selector.ts'

/** One webhook of a configuration, ready to be matched and called. */
export interface Hook {
  /** Tells it from all others. */
  readonly id: string
  readonly configuration: string
  readonly webhook: ValidatingWebhook & Partial<MutatingWebhook>
  readonly namespaces: LabelSelector_
  readonly objects: LabelSelector_
  readonly target: Webhook
}

/** A MutatingWebhookConfiguration or a ValidatingWebhookConfiguration. */
export interface HookConfiguration {
  readonly metadata: { readonly name: string }
  readonly webhooks?: readonly Hook['webhook'][]
}

/** Reads the configurations anew each time, and each of them once. `list` gives them by name. */
export function admissionHooks(list: () => readonly HookConfiguration[], credentials: WebhookCredentials): () => readonly Hook[] {
  const known = new WeakMap<HookConfiguration, readonly Hook[]>()
  return () => {
    const configurations = list()
    if (configurations.length === 0) return []
    return configurations.flatMap((configuration) => {
      let hooks = known.get(configuration)
      if (hooks === undefined) known.set(configuration, (hooks = hooksOf(configuration, credentials)))
      return hooks
    })
  }
}

function hooksOf({ metadata: { name }, webhooks = [] }: HookConfiguration, credentials: WebhookCredentials): readonly Hook[] {
  return webhooks.map((webhook, index) => ({
    // old configurations may have two of a name
    id: `${name}/${webhook.name}/${webhooks.slice(0, index).filter((w) => w.name === webhook.name).length}`,
    configuration: name,
    webhook,
    namespaces: labelSelectorOf(webhook.namespaceSelector ?? {}),
    objects: labelSelectorOf(webhook.objectSelector ?? {}),
    target: { ...webhookOf(webhook.clientConfig), ...credentials(placeOf(webhook.clientConfig)) },
  }))
}

/** Host and port by which credentials are chosen. */
function placeOf({ url, service }: { readonly url?: string; readonly service?: ServiceTarget }): string {
  if (service) return `${service.name}.${service.namespace}.svc:${service.port ?? 443}`
  return url !== undefined && URL.canParse(url) ? new URL(url).host : ''
}
