/** Label and node selectors, compiled into predicates. */

import type { Node } from '#api/core/v1/node.ts'
import type { NodeSelectorRequirement, NodeSelectorTerm } from '#api/core/v1/node-selector.ts'
import type { LabelSelector } from '#api/meta/v1/label-selector.ts'

export type Labels = Readonly<Record<string, string>>
export type LabelMatcher = (labels: Labels) => boolean

/** An absent selector matches nothing, an empty one everything, as in the API. */
export function labelMatcher(selector: LabelSelector | undefined): LabelMatcher {
  if (selector === undefined) return () => false
  const checks: LabelMatcher[] = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]) =>
      (labels) =>
        labels[key] === value,
  )
  for (const { key, operator, values } of selector.matchExpressions ?? []) checks.push(requirement(key, operator, values ?? []))
  if (checks.length === 1) return checks[0]!
  return (labels) => checks.every((check) => check(labels))
}

/** Whether the node satisfies any of the terms; a term without requirements satisfies none. */
export function matchesAnyTerm(node: Node, terms: readonly NodeSelectorTerm[]): boolean {
  return terms.some((term) => matchesTerm(node, term))
}

export function matchesTerm(node: Node, term: NodeSelectorTerm): boolean {
  const expressions = term.matchExpressions ?? []
  const fields = term.matchFields ?? []
  if (expressions.length === 0 && fields.length === 0) return false
  const labels = node.metadata.labels ?? {}
  return (
    expressions.every((e) => matchesRequirement(labels, e)) &&
    fields.every((f) => matchesRequirement({ 'metadata.name': node.metadata.name }, f))
  )
}

function matchesRequirement(labels: Labels, { key, operator, values }: NodeSelectorRequirement): boolean {
  return requirement(key, operator, values ?? [])(labels)
}

function requirement(key: string, operator: NodeSelectorRequirement['operator'], values: readonly string[]): LabelMatcher {
  switch (operator) {
    case 'In':
      return (labels) => labels[key] !== undefined && values.includes(labels[key])
    case 'NotIn':
      return (labels) => labels[key] === undefined || !values.includes(labels[key])
    case 'Exists':
      return (labels) => labels[key] !== undefined
    case 'DoesNotExist':
      return (labels) => labels[key] === undefined
    case 'Gt':
    case 'Lt': {
      const limit = integer(values[0])
      return (labels) => {
        const value = integer(labels[key])
        if (value === undefined || limit === undefined || values.length !== 1) return false
        return operator === 'Gt' ? value > limit : value < limit
      }
    }
    default:
      return () => false
  }
}

function integer(text: string | undefined): bigint | undefined {
  return text !== undefined && /^[+-]?\d+$/.test(text) ? BigInt(text.replace(/^\+/, '')) : undefined
}
