/** Holds every declaration against the facts of upstream's API: numbers, types, what is required, how lists merge. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Field, Message, TypeNode } from '#schema/message.ts'
import { betaOf, messages, reference, withReference } from './declared.ts'

interface FieldFacts {
  readonly tag: number
  readonly type: string
  readonly repeated?: boolean
  readonly required?: boolean
  readonly listType?: string
  readonly listMapKeys?: readonly string[]
  readonly mapType?: string
  readonly patchStrategy?: string
  readonly patchMergeKey?: string
  readonly json?: 'absent'
}

type Facts = Readonly<Record<string, FieldFacts>>

const META = 'k8s.io.apimachinery.pkg.apis.meta.v1'
const SPECIAL: Readonly<Record<string, string>> = {
  quantity: 'k8s.io.apimachinery.pkg.api.resource.Quantity',
  time: `${META}.Time`,
  microTime: `${META}.MicroTime`,
  duration: `${META}.Duration`,
  intOrString: 'k8s.io.apimachinery.pkg.util.intstr.IntOrString',
  raw: 'k8s.io.apimachinery.pkg.runtime.RawExtension',
  fieldsV1: `${META}.FieldsV1`,
  json: 'k8s.io.apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON',
}

/** Lists that upstream gives a message of its own, by that message's name. */
const WRAPPED = /\.(?:ExtraValue|Verbs)$/

function typeName(node: TypeNode): string {
  switch (node.type) {
    case 'list':
      return node.wrapped === true ? '(wrapped list)' : typeName(node.of)
    case 'map':
      return `map<string,${typeName(node.of)}>`
    case 'message':
      return node.message().name
    case 'variant':
      return node.name
    default:
      return SPECIAL[node.type] ?? node.type
  }
}

/** A name as protobuf resolves it: absolute with a leading dot, else within the message's package. */
function resolve(type: string, packageName: string): string {
  const map = /^map<string,\s*(.*)>$/.exec(type)
  if (map !== null) return `map<string,${resolve(map[1]!, packageName)}>`
  const name = type.startsWith('.') ? type.slice(1) : /^[A-Z]/.test(type) ? `${packageName}.${type}` : type
  return WRAPPED.test(name) ? '(wrapped list)' : name
}

/** Messages that upstream only embeds: its OpenAPI document, and so the facts, say nothing of how their lists merge. */
const EMBEDDED = new Set(['k8s.io.api.core.v1.EphemeralContainerCommon', 'k8s.io.api.admissionregistration.v1.Rule'])

function described(f: Field, required: boolean, brief: boolean): object {
  const list = f.node.type === 'list' ? f.node : undefined
  // A message that is atomic wherever it stands is compared with the OpenAPI document, which says so of the message.
  const mapType = f.node.type === 'map' ? (f.mapType ?? f.node.mapType) : undefined
  const known = {
    number: f.number,
    type: typeName(f.node),
    repeated: list !== undefined && list.wrapped !== true,
  }
  if (brief) return known
  return {
    ...known,
    required,
    ...(list?.listType && { listType: list.listType }),
    ...(list?.keys && { keys: list.keys }),
    ...((list?.patch?.strategy ?? f.patch) && { strategy: list?.patch?.strategy ?? f.patch }),
    ...(list?.patch?.mergeKey && { mergeKey: list.patch.mergeKey }),
    ...(mapType && { mapType }),
  }
}

function expected(facts: FieldFacts, packageName: string, brief: boolean): object {
  const known = {
    number: facts.tag,
    type: resolve(facts.type, packageName),
    repeated: facts.repeated ?? false,
  }
  if (brief) return known
  return {
    ...known,
    required: facts.required ?? false,
    ...(facts.listType && { listType: facts.listType }),
    ...(facts.listMapKeys && { keys: facts.listMapKeys }),
    ...(facts.patchStrategy && { strategy: facts.patchStrategy }),
    ...(facts.patchMergeKey && { mergeKey: facts.patchMergeKey }),
    ...(facts.mapType && facts.type.startsWith('map<') && { mapType: facts.mapType }),
  }
}

/** Of these the facts know numbers and types only; the rest is compared with the OpenAPI document. */
function isBrief(message: Message): boolean {
  return EMBEDDED.has(message.name) || message.name.includes('.apiextensions.v1.')
}

/** Upstream's protobuf has no names with dashes and dollars. */
function protobufName(message: Message, name: string): string {
  if (!message.name.endsWith('.JSONSchemaProps')) return name
  return name.replace(/^\$/, '').replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

function compare(message: Message, facts: Facts): void {
  const packageName = message.name.slice(0, message.name.lastIndexOf('.'))
  const entries = Object.entries(facts).filter(([name]) => !name.startsWith('#'))
  const wanted = new Map(entries.map(([, f]) => [f.tag, f]))
  const names = new Map(entries.map(([name, f]) => [f.tag, name]))
  const ours = Object.fromEntries(
    message.fields.map((f) => {
      const isInline = f.inline || wanted.get(f.number)?.json === 'absent'
      return [
        isInline ? `(inline ${f.number})` : protobufName(message, f.name),
        described(f, f.presence === 'required', isInline || isBrief(message)),
      ]
    }),
  )
  const theirs = Object.fromEntries(
    [...wanted].map(([number, f]) => [
      f.json === 'absent' ? `(inline ${number})` : names.get(number),
      expected(f, packageName, f.json === 'absent' || isBrief(message)),
    ]),
  )
  assert.deepEqual(ours, theirs)
}

const facts = 'skip' in withReference ? {} : (JSON.parse(reference('api-messages.json').toString()) as Readonly<Record<string, Facts>>)

function factsOf(name: string): Facts | undefined {
  const beta = betaOf(name)
  const known = facts[beta?.name ?? name]
  return known && Object.fromEntries(Object.entries(known).filter(([field]) => !beta?.dropped.includes(field)))
}

for (const [name, message] of messages) {
  const known = factsOf(name)
  if (known === undefined) continue
  test(`${name} is declared as upstream declares it`, () => compare(message, known))
}

/** Upstream's aggregator keeps its messages apart; the facts have none of their numbers, the OpenAPI document has the rest. */
const AGGREGATOR = 'k8s.io.kube_aggregator.pkg.apis.apiregistration.v1.'

test('every declared message is one of upstream', withReference, () => {
  assert.deepEqual(
    [...messages.keys()].filter((name) => factsOf(name) === undefined && !name.startsWith(AGGREGATOR)),
    [],
  )
})
