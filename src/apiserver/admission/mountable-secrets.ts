/** Holds pods to the secrets that their service account names, where the account says so. */

import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'

const ANNOTATION = 'kubernetes.io/enforce-mountable-secrets'

export function isBoundToSecrets({ metadata }: ServiceAccount): boolean {
  return /^(1|t|T|true|TRUE|True)$/.test(metadata.annotations?.[ANNOTATION] ?? '')
}

/** What a new pod uses and its account does not name; undefined: nothing. */
export function foreignSecret({ spec }: Pod, account: ServiceAccount): string | undefined {
  const { name } = account.metadata
  const mountable = mountableOf(account)
  const no = `is not allowed because service account ${name} does not reference that`
  for (const { secret } of spec.volumes ?? [])
    if (secret && !mountable.has(secret.secretName ?? '')) return `volume with secret.secretName="${secret.secretName ?? ''}" ${no} secret`
  const foreign = ofContainers('init container', spec.initContainers, mountable) ?? ofContainers('container', spec.containers, mountable)
  if (foreign !== undefined) return `${foreign} ${no} secret`
  const pulls = new Set((account.imagePullSecrets ?? []).map((reference) => reference.name))
  for (const [index, { name: pull = '' }] of (spec.imagePullSecrets ?? []).entries())
    if (!pulls.has(pull)) return `imagePullSecrets[${index}].name="${pull}" ${no} imagePullSecret`
  return undefined
}

/** The same of debug containers, which come later. */
export function foreignDebugSecret({ spec }: Pod, account: ServiceAccount): string | undefined {
  const containers = spec.ephemeralContainers as unknown as readonly Container[] | undefined
  const foreign = ofContainers('ephemeral container', containers, mountableOf(account))
  return foreign && `${foreign} is not allowed because service account ${account.metadata.name} does not reference that secret`
}

function mountableOf({ secrets = [] }: ServiceAccount): ReadonlySet<string> {
  return new Set(secrets.map((reference) => reference.name ?? ''))
}

function ofContainers(what: string, containers: readonly Container[] | undefined, mountable: ReadonlySet<string>): string | undefined {
  for (const { name, env = [], envFrom = [] } of containers ?? []) {
    for (const { name: variable, valueFrom } of env) {
      const secret = valueFrom?.secretKeyRef?.name
      if (secret !== undefined && !mountable.has(secret))
        return `${what} ${name} with envVar ${variable} referencing secret.secretName="${secret}"`
    }
    for (const { secretRef } of envFrom)
      if (secretRef && !mountable.has(secretRef.name ?? ''))
        return `${what} ${name} with envFrom referencing secret.secretName="${secretRef.name ?? ''}"`
  }
  return undefined
}
