/** Which policies a request meets, through which bindings, with which parameters: in order, with what could not be made out. */

import type { ObjectForm } from '../admission.ts'
import type { Bound } from './bound-policies.ts'
import { collectParams, Misconfigured, unknownKind, type FindKind } from './policy-params.ts'
import type { AboutRequest } from './policy-request.ts'
import type { ParamKind } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import type { ParamRef } from '#api/admissionregistration/v1/mutating-admission-policy-binding.ts'
import type { KubeObject } from '#schema/resource.ts'

export type Invocation<P, B, C> =
  | { readonly policy: P; readonly binding: B; readonly compiled: C; readonly form: ObjectForm; readonly param: KubeObject | undefined }
  | { readonly policy: P; readonly binding?: B; readonly problem: string }

interface AnyPolicy {
  readonly spec?: { readonly paramKind?: ParamKind }
}

interface AnyBinding {
  readonly spec?: { readonly paramRef?: ParamRef }
}

export async function invocationsOf<P extends AnyPolicy, B extends AnyBinding, C>(
  policies: readonly Bound<P, B, C>[],
  about: AboutRequest,
  findKind: FindKind,
): Promise<readonly Invocation<P, B, C>[]> {
  const found: Invocation<P, B, C>[] = []
  for (const { policy, compiled, matches, bindings } of policies) {
    try {
      const form = matches(about)
      if (form === undefined) continue
      const kind = policy.spec?.paramKind
      const objects = kind && (await findKind(kind.apiVersion ?? '', kind.kind ?? ''))
      if (kind && !objects) throw unknownKind(kind)
      for (const { binding, matches: inBinding } of bindings)
        try {
          if (inBinding(about) === undefined) continue
          const reference = binding.spec?.paramRef
          const params = kind && reference ? await collectParams(objects!, reference, about.request.namespace) : [undefined]
          for (const param of params) found.push({ policy, binding, compiled, form, param })
        } catch (error) {
          found.push({ policy, binding, problem: `failed to configure binding: ${problemOf(error)}` })
        }
    } catch (error) {
      found.push({ policy, problem: `failed to configure policy: ${problemOf(error)}` })
    }
  }
  return found
}

function problemOf(error: unknown): string {
  if (error instanceof Misconfigured) return error.message
  throw error
}
