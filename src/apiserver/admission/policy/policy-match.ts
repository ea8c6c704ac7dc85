/** Which requests a policy or a binding is about: resources, operations, namespaces and labels. */

import type { AdmissionRequest, ObjectForm } from '../admission.ts'
import { Misconfigured } from './policy-params.ts'
import type { MatchResources, NamedRuleWithOperations } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import { matchesObject, matchesRule } from '#apiserver/webhook/admission-match.ts'
import { labelSelectorOf, type Labels, type LabelSelector_ } from '#schema/selector.ts'

/** A request as matchers see it. */
export interface Matchable {
  readonly request: AdmissionRequest
  /** The versions the object can be shown in, the caller's first. */
  readonly forms: readonly ObjectForm[]
  /** Of the object; undefined when it lies in none. `missing`: it should be there and is not. */
  readonly namespace: Namespace | 'missing' | undefined
}

/** The form in which the object matches; undefined when it does not. Throws `Misconfigured` where that cannot be told. */
export type Matcher = (about: Matchable) => ObjectForm | undefined

type Rule = NamedRuleWithOperations

/** Without rules everything matches, as bindings do that narrow nothing down. */
export function matcherOf(match: MatchResources | undefined): Matcher {
  const { resourceRules = [], excludeResourceRules = [], matchPolicy, namespaceSelector, objectSelector } = match ?? {}
  const namespaces = labelSelectorOf(namespaceSelector ?? {})
  const objects = labelSelectorOf(objectSelector ?? {})
  const equivalent = matchPolicy !== 'Exact'
  return (about) => {
    const { request, forms } = about
    if (!matchesObject(objects, request)) return undefined
    const inNamespace = matchesNamespace(namespaces, about)
    if (inNamespace === false) return undefined
    if (formOf(excludeResourceRules, equivalent, request, forms) !== undefined) return undefined
    const form = resourceRules.length === 0 ? forms[0] : formOf(resourceRules, equivalent, request, forms)
    // only of what is about this request it matters that its namespace is not known
    if (form !== undefined && inNamespace === 'missing')
      throw new Misconfigured(`namespaces ${JSON.stringify(request.namespace)} not found`)
    return form
  }
}

function formOf(
  rules: readonly Rule[],
  equivalent: boolean,
  request: AdmissionRequest,
  [asked, ...others]: readonly ObjectForm[],
): ObjectForm | undefined {
  const named = rules.filter(({ resourceNames = [] }) => resourceNames.length === 0 || resourceNames.includes(request.name))
  if (asked && named.some((rule) => matchesRule(rule, request, asked.resource))) return asked
  if (!equivalent) return undefined
  for (const rule of named) {
    const found = others.find((form) => matchesRule(rule, request, form.resource))
    if (found) return found
  }
  return undefined
}

function matchesNamespace(selector: LabelSelector_, { request, namespace }: Matchable): boolean | 'missing' {
  const { resource, subresource, operation, object } = request
  const isNamespace = resource.group === '' && resource.plural === 'namespaces'
  if (selector.everything || (request.namespace === '' && !isNamespace)) return true
  // a namespace being written is not stored yet as it will be
  if (isNamespace && subresource === '' && (operation === 'CREATE' || operation === 'UPDATE'))
    return selector.matches(object?.metadata.labels as Labels | undefined)
  return namespace === 'missing' || namespace === undefined ? 'missing' : selector.matches(namespace.metadata.labels)
}
