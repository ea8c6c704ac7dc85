/** The parameters of a policy: objects of the kind it names, chosen by its bindings. */

import type { ParamKind } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { ParamRef } from '#api/admissionregistration/v1/mutating-admission-policy-binding.ts'
import { labelSelectorOf } from '#schema/selector.ts'
import type { KubeObject } from '#schema/resource.ts'

/** A policy or binding cannot be evaluated as it stands; the failure policy decides what that means. */
export class Misconfigured extends Error {
  override readonly name = 'Misconfigured'
}

/** Objects of one kind, as of now. */
export interface ParamObjects {
  readonly namespaced: boolean
  get(namespace: string, name: string): Promise<KubeObject | undefined>
  list(namespace: string): Promise<readonly KubeObject[]>
}

/** Undefined where there is no such kind. */
export type FindKind = (apiVersion: string, kind: string) => Promise<ParamObjects | undefined>

/**
 * What the policy is evaluated with, once for each. Throws `Misconfigured` where the binding and the kind do not go together, or
 * where it wants parameters and there are none.
 */
export async function collectParams(objects: ParamObjects, reference: ParamRef, requestNamespace: string): Promise<readonly KubeObject[]> {
  const { name = '', selector, parameterNotFoundAction } = reference
  const namespace = objects.namespaced ? reference.namespace || requestNamespace : ''
  if (objects.namespaced && namespace === '')
    throw new Misconfigured('cannot use namespaced paramRef in policy binding that matches cluster-scoped resources')
  if (!objects.namespaced && reference.namespace)
    throw new Misconfigured('paramRef.namespace must not be provided for a cluster-scoped `paramKind`')
  let found: readonly KubeObject[]
  if (name !== '') {
    const one = await objects.get(namespace, name)
    found = one ? [one] : []
  } else if (selector) {
    const selected = labelSelectorOf(selector)
    found = (await objects.list(namespace)).filter(({ metadata }) => selected.matches(metadata.labels))
  } else throw new Misconfigured('one of name or selector must be provided')
  if (found.length === 0 && parameterNotFoundAction === 'Deny')
    throw new Misconfigured('no params found for policy binding with `Deny` parameterNotFoundAction')
  return found
}

/** The kind cannot be found at all: a mistake of the policy rather than of its binding. */
export function unknownKind({ apiVersion = '', kind = '' }: ParamKind): Misconfigured {
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  return new Misconfigured(`failed to find resource referenced by paramKind: '${group}/${version}, Kind=${kind}'`)
}
