/** The language's own conformance suite: types and values of every expression, but for messages and extensions that are not loaded. */

import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { tests } from '@bufbuild/cel-spec/testdata/conformance.js'
import { compileExpression } from './environment.ts'
import * as t from './type.ts'
import { ArrayList, CelError, EntryMap, equals, TypeValue, Uint, type Value } from './value.ts'

interface Suite {
  readonly name: string
  readonly suites?: readonly Suite[]
  readonly tests?: readonly Case[]
}

interface Case {
  readonly original: {
    readonly expr: string
    readonly container?: string
    readonly disableCheck?: boolean
    readonly checkOnly?: boolean
    readonly typeEnv?: readonly { readonly name: string; readonly ident?: { readonly type: Json } }[]
    readonly bindings?: Readonly<Record<string, { readonly value: Json }>>
    readonly value?: Json
    readonly typedResult?: { readonly result?: Json }
    readonly evalError?: object
  }
  readonly type?: string
}

// oxlint-disable-next-line no-explicit-any -- the suite's values are protobuf in JSON, of every shape
type Json = Readonly<Record<string, any>>

const NOT_LOADED = /^(proto2|proto3|proto2_ext|enums|dynamic|wrappers|block_ext|fields|encoders_ext|math_ext)$/
/** Upstream calls this element null; here it may be anything. */
const LESS_EXACT: ReadonlySet<string> = new Set(['[optional.of(1), null][0]'])
const MESSAGES = /google\.protobuf\.(?!Timestamp|Duration)|TestAllTypes/

function valueOf(json: Json): Value {
  if ('int64Value' in json) return BigInt(json['int64Value'])
  if ('uint64Value' in json) return new Uint(BigInt(json['uint64Value']))
  if ('doubleValue' in json) return Number(json['doubleValue'])
  if ('stringValue' in json) return json['stringValue']
  if ('boolValue' in json) return json['boolValue']
  if ('bytesValue' in json) return Uint8Array.from(Buffer.from(json['bytesValue'], 'base64'))
  if ('listValue' in json) return new ArrayList((json['listValue'].values ?? []).map(valueOf))
  if ('mapValue' in json) return new EntryMap((json['mapValue'].entries ?? []).map((e: Json) => [valueOf(e['key']), valueOf(e['value'])]))
  return 'typeValue' in json ? new TypeValue(json['typeValue']) : null
}

const PRIMITIVES: Readonly<Record<string, t.Type>> = {
  STRING: t.STRING,
  INT64: t.INT,
  UINT64: t.UINT,
  BOOL: t.BOOL,
  DOUBLE: t.DOUBLE,
  BYTES: t.BYTES,
}

function typeOf(json: Json): t.Type | undefined {
  if (json['primitive']) return PRIMITIVES[json['primitive']]
  if (json['mapType']) return t.mapOf(typeOf(json['mapType'].keyType)!, typeOf(json['mapType'].valueType)!)
  if (json['listType']) return t.listOf(typeOf(json['listType'].elemType)!)
  return 'dyn' in json ? t.DYN : undefined
}

/** What of a case differs from what is wanted; undefined when it is not for us. */
function problem({ original, type }: Case): string | undefined {
  const variables = new Map((original.typeEnv ?? []).map(({ name, ident }) => [name, ident && typeOf(ident.type)]))
  const needsMessages = original.container !== undefined || JSON.stringify(original).includes('objectValue') || MESSAGES.test(original.expr)
  if (original.disableCheck || needsMessages || [...variables.values()].includes(undefined)) return undefined
  try {
    const { checked, program } = compileExpression(original.expr, { variables: variables as Map<string, t.Type> })
    // type(type(x)) is the one place where types are told apart more finely than here
    if (type !== undefined && !type.includes('type(type') && !LESS_EXACT.has(original.expr) && t.shownType(checked.type) !== type)
      return `${original.expr}: has type ${t.shownType(checked.type)} rather than ${type}`
    if (original.checkOnly) return undefined
    const bindings = new Map(Object.entries(original.bindings ?? {}).map(([name, { value }]) => [name, valueOf(value)]))
    const { value } = program.run((name) => bindings.get(name))
    if (original.evalError) return `${original.expr}: gives a value rather than an error`
    const wanted = original.value ?? original.typedResult?.result
    const want = wanted === undefined ? true : valueOf(wanted)
    const same = equals(value, want) || (Number.isNaN(value) && Number.isNaN(want))
    return same ? undefined : `${original.expr}: gives ${String(value)} rather than ${JSON.stringify(wanted)}`
  } catch (error) {
    if (original.evalError && error instanceof CelError) return undefined
    return `${original.expr}: ${(error as Error).message}`
  }
}

function casesOf({ tests: own = [], suites = [] }: Suite): readonly Case[] {
  return [...own, ...suites.flatMap(casesOf)]
}

for (const suite of (tests as unknown as Suite).suites!.filter(({ name }) => !NOT_LOADED.test(name)))
  test(`conformance: ${suite.name}`, () => {
    deepEqual(
      casesOf(suite).flatMap((c) => problem(c) ?? []),
      [],
    )
  })
