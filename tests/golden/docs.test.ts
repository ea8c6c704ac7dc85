/** Holds that everything declared is described, and in words of our own. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { openApiParts } from '#api/openapi-parts.ts'
import { servedResources } from '#apiserver/registry/served.ts'
import type { Strategy } from '#apiserver/registry/strategy.ts'
import type { Field, Message, TypeNode } from '#schema/message.ts'
import { definitionName } from '#schema/openapi-schema.ts'
import { messages, reference, withReference } from './declared.ts'

interface Described {
  readonly description?: string
}

interface Definition extends Described {
  readonly properties?: Readonly<Record<string, Described>>
}

test('everything declared has a description, so also every message of what is served', () => {
  const missing = [...messages.values()].flatMap((message) => [
    ...(message.doc === '' ? [message.name] : []),
    ...described(message)
      .filter((field) => field.doc === '')
      .map((field) => `${message.name}.${field.name}`),
  ])
  assert.deepEqual(missing, [])
  assert.deepEqual(
    [...messagesServed()].filter((message) => !messages.has(message.name)).map((message) => message.name),
    [],
  )
})

test('a description is one line that ends like a sentence', () => {
  const odd = [...messages.values()].flatMap((message) =>
    [message, ...described(message)]
      .filter(({ doc }) => !/^\S.*[^\s.]\.$/.test(doc))
      .map(({ name, doc }) => `${message.name} ${name}: ${doc}`),
  )
  assert.deepEqual(odd, [])
})

test('the description of a deprecated field says so', () => {
  const silent = [...messages.values()].flatMap((message) =>
    described(message)
      .filter(({ deprecated, doc }) => deprecated === true && !/deprecated/i.test(doc))
      .map(({ name, doc }) => `${message.name} ${name}: ${doc}`),
  )
  assert.deepEqual(silent, [])
})

test('no description is a copy of the one upstream gives', withReference, () => {
  const { definitions } = JSON.parse(gunzipSync(reference('openapi-v2.json.gz')).toString()) as {
    readonly definitions: Readonly<Record<string, Definition>>
  }
  const copies = [...messages.values()].flatMap((message) => {
    const theirs = definitions[definitionName(message)]
    return [
      ...(sameWords(message.doc, theirs?.description) ? [message.name] : []),
      ...described(message)
        .filter(({ name, doc }) => sameWords(doc, theirs?.properties?.[name]?.description))
        .map(({ name, doc }) => `${message.name}.${name}: ${doc}`),
    ]
  })
  assert.deepEqual(copies, [])
})

/** The fields as JSON shows them: those of embedded messages in their place. */
function described(message: Message): Field[] {
  return message.fields.flatMap((field) => (field.inline && field.node.type === 'message' ? described(field.node.message()) : [field]))
}

function sameWords(ours: string, theirs: string | undefined): boolean {
  return theirs !== undefined && words(ours) === words(theirs)
}

function words(text: string): string {
  return text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, ' ')
    .trim()
}

/** What is served, with the kinds that only requests and answers have, down to the last message. */
function messagesServed(): Set<Message> {
  const found = new Set<Message>()
  const visit = (message: Message): void => {
    if (found.has(message)) return
    found.add(message)
    for (const field of message.fields) visitNode(field.node)
  }
  const visitNode = (node: TypeNode): void => {
    if (node.type === 'message') visit(node.message())
    else if (node.type === 'list' || node.type === 'map') visitNode(node.of)
  }
  const served = servedResources({} as Strategy<never>).map(({ resource }) => resource.type.schema)
  for (const message of [...served, openApiParts.listMeta, openApiParts.deleteOptions, openApiParts.status]) visit(message)
  return found
}
