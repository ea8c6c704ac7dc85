/** The plugin ValidatingAdmissionWebhook: webhooks that may refuse what is about to be stored, all asked at once. */

import type { Hook } from './admission-hooks.ts'
import { isExempt, matchingForm } from './admission-match.ts'
import { callHook, HookFailure, outOfTime } from './call-hook.ts'
import { defaultForm } from './default-form.ts'
import type { WebhookPluginParts } from './mutating-webhooks.ts'
import type { AdmissionPlugin, AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { internalError } from '#apiserver/endpoints/errors.ts'

export function validatingWebhooks(parts: WebhookPluginParts): AdmissionPlugin {
  return {
    name: 'ValidatingAdmissionWebhook',
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async validate(request) {
      const hooks = parts.hooks()
      if (hooks.length === 0 || isExempt(request)) return
      const forms = request.forms?.() ?? [defaultForm(request)]
      const wanted: { readonly hook: Hook; readonly form: ObjectForm; readonly index: number }[] = []
      for (const [index, hook] of hooks.entries()) {
        const form = await matchingForm(hook, request, forms, parts.namespaceLabels)
        if (form && (await parts.matchConditions(hook, request, form, forms[0]!))) wanted.push({ hook, form, index })
      }
      if (wanted.length === 0) return
      if (request.signal?.aborted) throw outOfTime()
      const refusals: unknown[] = []
      await Promise.all(
        wanted.map(({ hook, form, index }) =>
          ask(hook, form, forms[0]!, index, request, parts).catch((error: unknown) => void refusals.push(error)),
        ),
      )
      // of several refusals the caller hears the one that came first
      if (refusals.length > 0) throw refusals[0]
    },
  }
}

async function ask(
  hook: Hook,
  form: ObjectForm,
  requested: ObjectForm,
  index: number,
  request: AdmissionRequest,
  parts: WebhookPluginParts,
): Promise<void> {
  try {
    await parts.watch(hook, request, () => callHook(hook, request, form, requested, false, parts))
  } catch (error) {
    if (!(error instanceof HookFailure)) throw error
    if (hook.webhook.failurePolicy !== 'Ignore') throw internalError(error)
    request.annotate?.(`failed-open.validating.webhook.admission.k8s.io/round_0_index_${index}`, hook.webhook.name)
  }
}
