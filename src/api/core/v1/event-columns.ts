/** What `kubectl get events` shows, of either group's events. */

import type { Column, KubeObject } from '#schema/resource.ts'
import { ageOf } from '#schema/table.ts'

/** The parts of an event, under whatever names its group gives them. */
export interface EventFacts {
  readonly type: string | undefined
  readonly reason: string | undefined
  readonly object: { readonly kind?: string; readonly name?: string; readonly fieldPath?: string } | undefined
  readonly message: string | undefined
  readonly component: string | undefined
  readonly host: string | undefined
  readonly eventTime: string | undefined
  readonly first: string | undefined
  readonly last: string | undefined
  readonly count: number | undefined
  readonly series: { readonly count?: number; readonly lastObservedTime?: string } | undefined
}

export function eventColumns<T extends KubeObject>(factsOf: (event: T) => EventFacts): Column<T>[] {
  const column = (name: string, description: string, cell: (facts: EventFacts, now: number) => string, priority?: 1): Column<T> => ({
    name,
    type: 'string',
    description,
    cell: (event, now) => cell(factsOf(event), now),
    ...(priority && { priority }),
  })
  return [
    column('Last Seen', 'When it happened last.', (f, now) => ageOf(f.series?.lastObservedTime ?? f.last ?? f.eventTime, now)),
    column('Type', 'Normal or Warning.', (f) => f.type ?? ''),
    column('Reason', 'What happened, in one word.', (f) => f.reason ?? ''),
    column('Object', 'What it happened to.', (f) => objectText(f.object)),
    column('Subobject', 'Which part of that.', (f) => f.object?.fieldPath ?? '', 1),
    column('Source', 'Who says so.', (f) => [f.component, f.host].filter((text) => text).join(', '), 1),
    column('Message', 'What happened, in a sentence.', (f) => (f.message ?? '').trim()),
    column('First Seen', 'When it happened first.', (f, now) => ageOf(f.first ?? f.eventTime, now), 1),
    { name: 'Count', type: 'integer', priority: 1, description: 'How often it happened.', cell: (event) => countOf(factsOf(event)) },
    {
      name: 'Name',
      type: 'string',
      format: 'name',
      priority: 1,
      description: 'The name of the event itself.',
      cell: (event) => event.metadata.name,
    },
  ]
}

function objectText(object: EventFacts['object']): string {
  const kind = (object?.kind ?? '').toLowerCase()
  return object?.name ? `${kind}/${object.name}` : kind
}

function countOf({ series, count }: EventFacts): number {
  return series?.count ?? (count || 1)
}
