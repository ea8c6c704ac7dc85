/** Whether a webhook wants to be asked about a request, and in which version of the API it wants to see it. */

import type { Hook } from './admission-hooks.ts'
import type { AdmissionRequest, ObjectForm } from '#apiserver/admission/admission.ts'
import { internalError } from '#apiserver/endpoints/errors.ts'
import { StatusError } from '#client/client.ts'
import type { KubeObject } from '#schema/resource.ts'
import type { Labels, LabelSelector_ } from '#schema/selector.ts'

/** Labels of a namespace; throws a `StatusError` (NotFound) when there is no such. */
export type NamespaceLabels = (name: string) => Promise<Labels | undefined>

interface Rule {
  readonly operations?: readonly string[]
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  readonly resources?: readonly string[]
  readonly scope?: string
}

const ADMISSION_GROUP = 'admissionregistration.k8s.io'
const ADMISSION_RESOURCES: ReadonlySet<string> = new Set([
  'mutatingadmissionpolicies',
  'mutatingadmissionpolicybindings',
  'mutatingwebhookconfigurations',
  'validatingadmissionpolicies',
  'validatingadmissionpolicybindings',
  'validatingwebhookconfigurations',
])

/** What decides on admission is changed without asking it: otherwise a broken webhook could not be taken out. */
export function isExempt({ resource }: AdmissionRequest): boolean {
  return resource.group === ADMISSION_GROUP && ADMISSION_RESOURCES.has(resource.plural)
}

/**
 * The form in which the webhook gets the request's object; undefined when it does not want it. Throws `StatusError` where that cannot
 * be told, but only for requests that its rules ask for.
 */
export async function matchingForm(
  hook: Hook,
  request: AdmissionRequest,
  forms: readonly ObjectForm[],
  namespaceLabels: NamespaceLabels,
): Promise<ObjectForm | undefined> {
  if (!matchesObject(hook.objects, request)) return undefined
  const form = formByRules(hook, request, forms)
  if (form === undefined) return undefined
  return (await matchesNamespace(hook.namespaces, request, namespaceLabels)) ? form : undefined
}

function formByRules({ webhook }: Hook, request: AdmissionRequest, forms: readonly ObjectForm[]): ObjectForm | undefined {
  const [asked, ...others] = forms
  const rules: readonly Rule[] = webhook.rules ?? []
  if (asked && rules.some((rule) => matchesRule(rule, request, asked.resource))) return asked
  if (webhook.matchPolicy !== 'Equivalent') return undefined
  for (const rule of rules) {
    const found = others.find((form) => matchesRule(rule, request, form.resource))
    if (found) return found
  }
  return undefined
}

export function matchesRule(rule: Rule, request: AdmissionRequest, where: ObjectForm['resource']): boolean {
  return (
    matchesScope(rule.scope, request) &&
    oneOf(rule.operations, request.operation) &&
    oneOf(rule.apiGroups, where.group) &&
    oneOf(rule.apiVersions, where.version) &&
    (rule.resources ?? []).some((text) => {
      const [resource, subresource = ''] = text.split('/', 2)
      return (resource === '*' || resource === where.resource) && (subresource === '*' || subresource === request.subresource)
    })
  )
}

function oneOf(allowed: readonly string[] | undefined, value: string): boolean {
  return allowed?.some((one) => one === '*' || one === value) ?? false
}

/** Namespaces are of the cluster, although their requests name one. */
function matchesScope(scope: string | undefined, { namespace, resource }: AdmissionRequest): boolean {
  const namespaced = namespace !== '' && !(resource.group === '' && resource.plural === 'namespaces')
  switch (scope) {
    case undefined:
    case '*':
      return true
    case 'Namespaced':
      return namespaced
    case 'Cluster':
      return !namespaced
    default:
      return false
  }
}

/** The object as it will be, or as it was: leaving a webhook's reach is its business, too. */
export function matchesObject(selector: LabelSelector_, { object, oldObject }: AdmissionRequest): boolean {
  if (selector.everything) return true
  const matches = (one: KubeObject | undefined) => one?.metadata !== undefined && selector.matches(one.metadata.labels)
  return matches(object) || matches(oldObject)
}

async function matchesNamespace(selector: LabelSelector_, request: AdmissionRequest, namespaceLabels: NamespaceLabels): Promise<boolean> {
  const { namespace, resource, subresource, operation, object } = request
  if (namespace === '' && resource.plural !== 'namespaces') return true
  if (selector.everything) return true
  // a namespace being written is not stored yet as it will be
  if (resource.plural === 'namespaces' && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'))
    return selector.matches(object?.metadata.labels)
  try {
    return selector.matches(await namespaceLabels(namespace))
  } catch (error) {
    if (error instanceof StatusError && error.reason === 'NotFound') throw error
    throw internalError(error)
  }
}
