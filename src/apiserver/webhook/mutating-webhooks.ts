/** The plugin MutatingAdmissionWebhook: webhooks that change objects, one after the other. */

import { isDeepStrictEqual } from 'node:util'
import type { Hook } from './admission-hooks.ts'
import { isExempt, matchingForm, type NamespaceLabels } from './admission-match.ts'
import { callHook, converted, HookFailure, outOfTime, type HookParts } from './call-hook.ts'
import { defaultForm } from './default-form.ts'
import type { MatchConditions } from './match-conditions.ts'
import type { WatchHook } from './webhook-metrics.ts'
import type { AdmissionPlugin, AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { roundsOf, type Rounds } from '#apiserver/admission/rounds.ts'
import { internalError } from '#apiserver/endpoints/errors.ts'
import { applyJsonPatch } from '#schema/json-patch.ts'
import { parseJson } from '#schema/json.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface WebhookPluginParts extends HookParts {
  readonly hooks: () => readonly Hook[]
  readonly namespaceLabels: NamespaceLabels
  readonly matchConditions: MatchConditions
  readonly watch: WatchHook
}

const NAME = 'MutatingAdmissionWebhook'

export function mutatingWebhooks(parts: WebhookPluginParts): AdmissionPlugin {
  return {
    name: NAME,
    operations: ['CREATE', 'UPDATE', 'DELETE', 'CONNECT'],
    async admit(request) {
      const hooks = parts.hooks()
      if (hooks.length === 0 || isExempt(request)) return undefined
      const rounds = roundsOf(NAME, request)
      const forms = request.forms?.() ?? [defaultForm(request)]
      let current = request
      for (const [index, hook] of hooks.entries()) current = await ask(hook, index, current, forms, rounds, parts)
      rounds.leave(current.object)
      return current.object
    },
  }
}

/** The request as it is after the webhook had its say. */
async function ask(
  hook: Hook,
  index: number,
  request: AdmissionRequest,
  forms: readonly ObjectForm[],
  rounds: Rounds,
  parts: WebhookPluginParts,
): Promise<AdmissionRequest> {
  const form = await matchingForm(hook, request, forms, parts.namespaceLabels)
  if (form === undefined || !(await parts.matchConditions(hook, request, form, forms[0]!))) return request
  if (!rounds.isDue(hook.id)) return request
  const notes = notesOf(hook, index, rounds.round, request)
  let next = request
  try {
    const changed = await parts.watch(hook, request, async () => {
      const { patch, patchType } = await callHook(hook, request, form, forms[0]!, true, parts)
      return patch === undefined ? undefined : await patched(hook, patch, patchType, request.object, form, notes)
    })
    if (changed === undefined) notes.mutated(false)
    else {
      notes.mutated(changed.different)
      next = { ...request, object: changed.object }
      if (changed.different) rounds.changed()
    }
  } catch (error) {
    if (!(error instanceof HookFailure)) {
      notes.mutated(false)
      throw error
    }
    if (hook.webhook.failurePolicy !== 'Ignore') {
      notes.mutated(false)
      throw internalError(error)
    }
    notes.failedOpen()
    if (request.signal?.aborted) throw outOfTime()
  }
  if (hook.webhook.reinvocationPolicy === 'IfNeeded') rounds.wantsAgain(hook.id)
  return next
}

/** Undefined when the patch has no steps. */
async function patched(
  hook: Hook,
  patch: string,
  patchType: string,
  object: KubeObject | undefined,
  form: ObjectForm,
  notes: Notes,
): Promise<{ readonly object: KubeObject; readonly different: boolean } | undefined> {
  const name = JSON.stringify(hook.webhook.name)
  let steps: unknown
  try {
    steps = parseJson(Buffer.from(patch, 'base64')).value
  } catch (error) {
    throw internalError(error)
  }
  if (steps === null || (Array.isArray(steps) && steps.length === 0)) return undefined
  if (object === undefined)
    throw internalError(new Error(`admission webhook ${name} attempted to modify the object, which is not supported for this operation`))
  if (patchType !== 'JSONPatch') throw new HookFailure(hook, `unsupported patch type ${JSON.stringify(patchType)}`)
  const shown = await converted(() => form.show(object))
  const next = await converted(() => applyJsonPatch(shown, steps))
  const read = await converted(() => form.read(next))
  notes.patched(steps)
  return { object: read, different: !isDeepStrictEqual(next, shown) }
}

/** The annotations that upstream leaves in the audit log for every webhook that was asked. */
interface Notes {
  mutated(mutated: boolean): void
  patched(steps: unknown): void
  failedOpen(): void
}

function notesOf({ configuration, webhook }: Hook, index: number, round: number, { annotate }: AdmissionRequest): Notes {
  const about = { configuration, webhook: webhook.name }
  const key = (what: string) => `${what}.webhook.admission.k8s.io/round_${round}_index_${index}`
  return {
    mutated: (mutated) => annotate?.(key('mutation'), JSON.stringify({ ...about, mutated })),
    patched: (patch) => annotate?.(key('patch'), JSON.stringify({ ...about, patch, patchType: 'JSONPatch' })),
    failedOpen: () => annotate?.(key('failed-open.mutating'), webhook.name),
  }
}
