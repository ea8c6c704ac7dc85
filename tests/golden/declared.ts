/** Everything src/api declares, and the facts about upstream's API to hold it against (absent outside the workshop). */

import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Message, TypeNode } from '#schema/message.ts'
import type { Resource } from '#schema/resource.ts'

const ROOT = join(import.meta.dirname, '../..')
const REFERENCE = join(ROOT, '../shared/reference')

/** What to pass to `test` so that it is skipped with a reason where the facts are not at hand. */
export const withReference = existsSync(REFERENCE) ? {} : { skip: 'the reference facts are not beside this repository' }

export function reference(path: string): Buffer {
  return readFileSync(join(REFERENCE, path))
}

export function referenceFiles(pattern: string): string[] {
  return globSync(pattern, { cwd: REFERENCE }).toSorted()
}

const modules: readonly Record<string, unknown>[] = await Promise.all(
  globSync('src/api/**/*.ts', { cwd: ROOT, exclude: ['**/*.test.ts'] })
    .toSorted()
    .map(async (path) => (await import(join(ROOT, path))) as Record<string, unknown>),
)
const exported = modules.flatMap((m) => Object.values(m))

export const resources: readonly Resource[] = exported.filter(
  (e): e is Resource => typeof e === 'object' && e !== null && 'plural' in e && 'type' in e,
)

/** Every declared message by its protobuf name, also those that a version of a group only derives from another one. */
export const messages: ReadonlyMap<string, Message> = withDerived(
  exported.filter((e): e is { schema: Message } => typeof e === 'function' && 'schema' in e).map((e) => e.schema),
)

function withDerived(declared: readonly Message[]): ReadonlyMap<string, Message> {
  const found = new Map(declared.map((m) => [m.name, m]))
  const seen = new Set<Message>()
  const visit = (message: Message): void => {
    if (seen.has(message)) return
    seen.add(message)
    found.set(message.name, found.get(message.name) ?? message)
    for (const { node } of message.fields) visitNode(node)
  }
  const visitNode = (node: TypeNode): void => {
    if (node.type === 'list' || node.type === 'map') visitNode(node.of)
    else if (node.type === 'message') visit(node.message())
  }
  for (const { type } of resources) visit(type.schema)
  return found
}

/** What became GA after the version the facts are of, as it stood in beta: with the beta's version, and what was dropped since. */
const LATER: Readonly<Record<string, { readonly beta: string; readonly dropped?: readonly string[] }>> = {
  'k8s.io.api.certificates.v1.ClusterTrustBundle': { beta: 'v1beta1' },
  'k8s.io.api.certificates.v1.ClusterTrustBundleSpec': { beta: 'v1beta1' },
  'k8s.io.api.certificates.v1.PodCertificateRequest': { beta: 'v1beta1' },
  'k8s.io.api.certificates.v1.PodCertificateRequestSpec': { beta: 'v1beta1', dropped: ['pkixPublicKey', 'proofOfPossession'] },
  'k8s.io.api.certificates.v1.PodCertificateRequestStatus': { beta: 'v1beta1' },
  'k8s.io.api.storagemigration.v1.StorageVersionMigration': { beta: 'v1beta1' },
  'k8s.io.api.storagemigration.v1.StorageVersionMigrationSpec': { beta: 'v1beta1' },
  'k8s.io.api.storagemigration.v1.StorageVersionMigrationStatus': { beta: 'v1beta1' },
  'k8s.io.api.resource.v1.DeviceTaintRule': { beta: 'v1beta2' },
  'k8s.io.api.resource.v1.DeviceTaintRuleSpec': { beta: 'v1beta2' },
  'k8s.io.api.resource.v1.DeviceTaintRuleStatus': { beta: 'v1beta2' },
  'k8s.io.api.resource.v1.DeviceTaintSelector': { beta: 'v1beta2' },
}

/** The beta's name of a message, and the members it has lost since. Undefined when the message needs no such detour. */
export function betaOf(name: string): { readonly name: string; readonly version: string; readonly dropped: readonly string[] } | undefined {
  const later = LATER[name]
  return later && { name: name.replace('.v1.', `.${later.beta}.`), version: later.beta, dropped: later.dropped ?? [] }
}
