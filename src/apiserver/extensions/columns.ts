/** Columns of a custom resource's table: the name, then what its definition asks for, by default the age. */

import type { CustomResourceColumnDefinition } from '#api/apiextensions/v1/custom-resource-definition.ts'
import { parseTime } from '#schema/go-time.ts'
import type { Column, KubeObject } from '#schema/resource.ts'
import { ageColumn, ageOf, nameColumn } from '#schema/table.ts'
import { MalformedPath, parseJsonPath, type JsonPath } from './json-path.ts'

const AGE: CustomResourceColumnDefinition = {
  name: 'Age',
  type: 'date',
  description: ageColumn.description,
  jsonPath: '.metadata.creationTimestamp',
}

export function columnsOf(declared: readonly CustomResourceColumnDefinition[] | undefined): readonly Column<KubeObject>[] {
  const columns: Column<KubeObject>[] = [nameColumn]
  for (const definition of declared?.length ? declared : [AGE]) {
    const path = parsed(definition.jsonPath)
    if (path === undefined) break // upstream shows what came before a path it cannot read
    columns.push(columnOf(definition, path))
  }
  return columns
}

function parsed(path: string): JsonPath | undefined {
  try {
    return parseJsonPath(path)
  } catch (error) {
    if (error instanceof MalformedPath) return undefined
    throw error
  }
}

function columnOf(
  { name, type, format, description, priority, jsonPath }: CustomResourceColumnDefinition,
  path: JsonPath,
): Column<KubeObject> {
  return {
    name,
    type: type as Column<KubeObject>['type'],
    ...(format && { format }),
    description: description || `Custom resource definition column (in JSONPath format): ${jsonPath}`,
    priority: priority ?? 0,
    cell(object, now) {
      const [value] = path(object)
      return value === undefined || value === null ? null : cellOf(type, value, now)
    },
  }
}

/** A value that is not of the column's type shows nothing, but anything has a text. */
function cellOf(type: string, value: unknown, now: number): string | number | boolean | null {
  switch (type) {
    case 'string':
      return typeof value === 'string' ? value : typeof value === 'object' ? JSON.stringify(value) : String(value as number | boolean)
    case 'integer':
      return typeof value === 'number' ? Math.trunc(value) : null
    case 'number':
      return typeof value === 'number' ? value : null
    case 'boolean':
      return typeof value === 'boolean' ? value : null
    case 'date':
      if (typeof value !== 'string') return null
      return typeof parseTime(value, 'time') === 'string' ? '<invalid>' : ageOf(value, now)
    default:
      return null
  }
}
