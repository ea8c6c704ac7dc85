/** Writes a label selector the way it is given on a command line. */

import type { LabelSelector } from '#api/meta/v1/label-selector.ts'

/** Takes a LabelSelector or a plain map of labels; `''` selects everything. Requirements are sorted by key, as upstream's. */
export function formatLabelSelector(selector: LabelSelector | Readonly<Record<string, string>> | undefined): string {
  if (selector === undefined) return ''
  const structured = typeof selector.matchLabels === 'object' || Array.isArray(selector.matchExpressions)
  const labels = (structured ? selector.matchLabels : selector) as Readonly<Record<string, string>> | undefined
  const expressions = (structured ? (selector as LabelSelector).matchExpressions : undefined) ?? []
  const parts = [
    ...Object.entries(labels ?? {}).map(([key, value]) => ({ key, text: `${key}=${value}` })),
    ...expressions.map(({ key, operator, values }) => {
      const list = `(${[...(values ?? [])].toSorted().join(',')})`
      const text = { In: `${key} in ${list}`, NotIn: `${key} notin ${list}`, Exists: key, DoesNotExist: `!${key}` }[operator]
      return { key, text }
    }),
  ]
  return parts
    .toSorted((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map((p) => p.text)
    .join(',')
}
