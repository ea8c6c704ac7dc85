/** Objects as rows under their kind's columns: meta.k8s.io/v1 Table. */

import { humanDuration } from './duration.ts'
import type { Column, KubeObject, Resource } from './resource.ts'

export interface ColumnDefinition {
  readonly name: string
  readonly type: string
  readonly format: string
  readonly description: string
  readonly priority: number
}

export interface Row {
  readonly cells: readonly unknown[]
  /** The object, its metadata, or nothing, as `includeObject` asked. */
  readonly object?: object
}

export interface Table {
  readonly kind: 'Table'
  readonly apiVersion: 'meta.k8s.io/v1'
  readonly metadata: Readonly<Record<string, unknown>>
  readonly columnDefinitions: readonly ColumnDefinition[]
  readonly rows: readonly Row[]
}

export type IncludeObject = 'None' | 'Metadata' | 'Object'

export interface TableOptions {
  readonly includeObject?: IncludeObject
  /** The list's metadata. */
  readonly metadata?: Readonly<Record<string, unknown>>
}

/** `now` is in milliseconds since the epoch, for ages. */
export function tableOf<T extends KubeObject>(
  resource: Resource<T>,
  objects: readonly T[],
  now: number,
  options: TableOptions = {},
): Table {
  const columns = resource.columns.length > 0 ? resource.columns : GENERIC_COLUMNS
  const include = options.includeObject ?? 'Metadata'
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata: options.metadata ?? {},
    columnDefinitions: columns.map(definition),
    rows: objects.map((object) => ({
      cells: columns.map((column) => column.cell(object, now)),
      ...(include !== 'None' && { object: included(object, include) }),
    })),
  }
}

function definition({ name, type, format, description, priority }: Column<never>): ColumnDefinition {
  return { name, type, format: format ?? '', description, priority: priority ?? 0 }
}

function included(object: KubeObject, include: 'Metadata' | 'Object'): object {
  if (include === 'Object') return object
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata }
}

/** The age that `kubectl get` shows for a moment. */
export function ageOf(time: string | undefined, now: number): string {
  const at = time === undefined ? Number.NaN : Date.parse(time)
  return Number.isNaN(at) ? '<unknown>' : humanDuration(now - at)
}

const NAME = 'Name must be unique within a namespace. It is required when creating most resources.'
const AGE = 'When the object was created.'

export const nameColumn: Column<KubeObject> = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: NAME,
  cell: (o) => o.metadata.name,
}
export const ageColumn: Column<KubeObject> = {
  name: 'Age',
  type: 'string',
  description: AGE,
  cell: (o, now) => ageOf(o.metadata.creationTimestamp, now),
}
export const createdAtColumn: Column<KubeObject> = {
  name: 'Created At',
  type: 'date',
  description: AGE,
  cell: (o) => o.metadata.creationTimestamp,
}

/** What kinds without columns of their own show. */
const GENERIC_COLUMNS: readonly Column<KubeObject>[] = [nameColumn, createdAtColumn]
