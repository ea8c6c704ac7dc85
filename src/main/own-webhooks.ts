/** Webhooks that kubeconfig files name, which answer reviews for the API server itself. */

import { openWebhookClient, webhookOfKubeconfig, type Webhook, type WebhookClient } from '#apiserver/webhook/webhook-client.ts'
import type { Clock } from '#base/clock.ts'
import { OperatorError } from '#cli/command.ts'
import { KubeconfigError, loadKubeconfig } from '#client/kubeconfig.ts'

/** Reaches addresses only: kubeconfig files name no Services. */
export function ownWebhookClient(clock: Clock): WebhookClient {
  return openWebhookClient({
    clock,
    resolve() {
      throw new Error('a kubeconfig names no Service')
    },
  })
}

/** Throws `OperatorError`. */
export function kubeconfigWebhook(path: string): Webhook {
  try {
    return webhookOfKubeconfig(loadKubeconfig(path))
  } catch (error) {
    if (!(error instanceof KubeconfigError)) throw error
    throw new OperatorError(error.message, { cause: error })
  }
}
