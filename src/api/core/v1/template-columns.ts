/** Columns that kinds with a pod template share, and the texts of labels and selectors in cells. */

import type { PodTemplateSpec } from './pod-template.ts'
import type { LabelSelector } from '#api/meta/v1/label-selector.ts'
import type { Column } from '#schema/resource.ts'

/** `a=b,c=d`, sorted; `<none>` when there are none. */
export function labelsText(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

/** A selector as `-l` takes it; `<none>` when it is empty. */
export function selectorText(selector: LabelSelector | undefined): string {
  const parts = Object.entries(selector?.matchLabels ?? {}).map(([key, value]) => [key, `${key}=${value}`] as [string, string])
  for (const { key, operator, values = [] } of selector?.matchExpressions ?? []) {
    const list = values.toSorted().join(',')
    const text = { In: `${key} in (${list})`, NotIn: `${key} notin (${list})`, Exists: key, DoesNotExist: `!${key}` }[operator]
    parts.push([key, text])
  }
  if (parts.length === 0) return '<none>'
  return parts
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, text]) => text)
    .join(',')
}

/** Containers, Images and Selector, in `-o wide`. */
export function templateColumns<T>(template: (object: T) => PodTemplateSpec | undefined, selector?: (object: T) => string): Column<T>[] {
  const containers = (object: T) => template(object)?.spec.containers ?? []
  const columns: Column<T>[] = [
    {
      name: 'Containers',
      type: 'string',
      priority: 1,
      description: 'Names of the containers in the template.',
      cell: (o) =>
        containers(o)
          .map((c) => c.name)
          .join(','),
    },
    {
      name: 'Images',
      type: 'string',
      priority: 1,
      description: 'Images of the containers in the template.',
      cell: (o) =>
        containers(o)
          .map((c) => c.image ?? '')
          .join(','),
    },
  ]
  if (selector) columns.push({ name: 'Selector', type: 'string', priority: 1, description: 'Which pods belong to it.', cell: selector })
  return columns
}
