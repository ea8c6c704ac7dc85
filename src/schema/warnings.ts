/** What a valid object should better not say, collected by walking its declaration. */

import { child } from './field-error.ts'
import type { Message, TypeNode } from './message.ts'

/** Texts for `Warning` headers; most kinds have none to give and cost nothing. */
export function warningsOf(message: Message, value: unknown): readonly string[] {
  if (!mayWarn(message)) return []
  const warnings: string[] = []
  walk(message, value as Json, '', warnings)
  return warnings
}

type Json = Readonly<Record<string, unknown>>

function walk(message: Message, value: Json, path: string, warnings: string[]): void {
  if (message.warn) warnings.push(...message.warn(value as never, path))
  for (const field of message.fields) {
    const member = value[field.name]
    if (member !== undefined) walkNode(field.node, member, child(path, field.name), warnings)
  }
}

function walkNode(node: TypeNode, value: unknown, path: string, warnings: string[]): void {
  if (node.type === 'message') {
    if (mayWarn(node.message())) walk(node.message(), value as Json, path, warnings)
  } else if (node.type === 'list')
    for (const [index, item] of (value as readonly unknown[]).entries()) walkNode(node.of, item, `${path}[${index}]`, warnings)
}

const known = new Map<Message, boolean>()

/** Whether the message or any below it has something to warn of. */
function mayWarn(message: Message): boolean {
  if (message.custom) return false
  const answer = known.get(message)
  if (answer !== undefined) return answer
  known.set(message, false) // a message below itself adds nothing
  const found = message.warn !== undefined || message.fields.some((field) => nodeMayWarn(field.node))
  known.set(message, found)
  return found
}

function nodeMayWarn(node: TypeNode): boolean {
  if (node.type === 'message') return mayWarn(node.message())
  return node.type === 'list' && nodeMayWarn(node.of)
}
