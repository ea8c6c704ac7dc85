/** Columns that admission policies and their bindings share. */

import type { ParamKind } from './mutating-admission-policy.ts'
import type { ParamRef } from './mutating-admission-policy-binding.ts'

export function paramKindText(kind: ParamKind | undefined): string {
  return kind === undefined ? '<unset>' : `${kind.apiVersion ?? ''}/${kind.kind ?? ''}`
}

export function paramRefText(reference: ParamRef | undefined): string {
  if (reference === undefined) return '<unset>'
  const { name, namespace, selector } = reference
  if (name) return namespace ? `${namespace}/${name}` : name
  return selector === undefined ? '<unset>' : JSON.stringify(selector)
}
