/** A container's environment from all its sources, with the failures upstream shows as CreateContainerConfigError. */

import type { ConfigMap } from '#api/core/v1/config-map.ts'
import type { Container, EnvVar } from '#api/core/v1/container.ts'
import type { Secret } from '#api/core/v1/secret.ts'
import type { Service } from '#api/core/v1/service.ts'
import { expand } from './expansion.ts'
import { podField, resourceField, type PodFieldContext } from './pod-fields.ts'

/** Undefined: there is none of that name. */
export interface ObjectReader {
  configMap(namespace: string, name: string): Promise<ConfigMap | undefined>
  secret(namespace: string, name: string): Promise<Secret | undefined>
}

export interface EnvironmentParts extends PodFieldContext {
  readonly container: Container
  readonly objects: ObjectReader
  /** All Services there are; the pod's namespace and the API's own are picked here. */
  readonly services: readonly Service[]
}

export interface EnvironmentVariable {
  readonly name: string
  readonly value: string
}

/** Throws an Error whose message is the container's waiting message. */
export async function environmentOf(parts: EnvironmentParts): Promise<readonly EnvironmentVariable[]> {
  const { pod, container, objects } = parts
  const namespace = pod.metadata.namespace ?? 'default'
  const outer = new Map<string, string>(serviceVariables(parts.services, namespace, pod.spec.enableServiceLinks ?? true))

  for (const source of container.envFrom ?? []) {
    const { configMapRef, secretRef, prefix = '' } = source
    let entries: Iterable<readonly [string, string]> = []
    if (configMapRef) {
      const found = await objects.configMap(namespace, configMapRef.name ?? '')
      if (found === undefined && configMapRef.optional !== true) throw new Error(`configmap "${configMapRef.name}" not found`)
      entries = Object.entries(found?.data ?? {})
    } else if (secretRef) {
      const found = await objects.secret(namespace, secretRef.name ?? '')
      if (found === undefined && secretRef.optional !== true) throw new Error(`secret "${secretRef.name}" not found`)
      entries = Object.entries(found?.data ?? {}).map(([k, v]) => [k, decodeBase64(v)] as const)
    }
    for (const [key, value] of entries) outer.set(`${prefix}${key}`, value)
  }

  const own = new Map<string, string>()
  for (const variable of container.env ?? []) {
    const value = await valueOf(variable, parts, namespace, (name) => own.get(name) ?? outer.get(name))
    if (value !== undefined) own.set(variable.name, value)
  }
  const all = [...own, ...[...outer].filter(([name]) => !own.has(name))]
  return all.map(([name, value]) => ({ name, value }))
}

async function valueOf(
  variable: EnvVar,
  parts: EnvironmentParts,
  namespace: string,
  lookup: (name: string) => string | undefined,
): Promise<string | undefined> {
  const from = variable.valueFrom
  if (from === undefined) return expand(variable.value ?? '', lookup)
  if (from.fieldRef) return podField(from.fieldRef.fieldPath, parts)
  if (from.resourceFieldRef) {
    const { containerName } = from.resourceFieldRef
    const named = containerName ? parts.pod.spec.containers.find((c) => c.name === containerName) : parts.container
    if (named === undefined) throw new Error(`container ${containerName} not found`)
    return resourceField(from.resourceFieldRef, named, parts.allocatable)
  }
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef
    const found = await parts.objects.configMap(namespace, name)
    const value = found?.data?.[key]
    if (value !== undefined) return value
    if (optional === true) return undefined
    throw new Error(found === undefined ? `configmap "${name}" not found` : `couldn't find key ${key} in ConfigMap ${namespace}/${name}`)
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef
    const found = await parts.objects.secret(namespace, name)
    const value = found?.data?.[key]
    if (value !== undefined) return decodeBase64(value)
    if (optional === true) return undefined
    throw new Error(found === undefined ? `secret "${name}" not found` : `couldn't find key ${key} in Secret ${namespace}/${name}`)
  }
  throw new Error(`environment variable ${variable.name}: this source of values is not supported here`)
}

function decodeBase64(text: string): string {
  return Buffer.from(text, 'base64').toString('utf8')
}

/** Docker-links variables of the Services a pod sees: its namespace's if it wants them, and always the API server's. */
function* serviceVariables(services: readonly Service[], namespace: string, links: boolean): Generator<readonly [string, string]> {
  for (const service of services) {
    const { name, namespace: home } = service.metadata
    const api = home === 'default' && name === 'kubernetes'
    if (!api && !(links && home === namespace)) continue
    if (api && home !== namespace && services.some((s) => s.metadata.namespace === namespace && s.metadata.name === name && links)) continue
    const { clusterIP, ports = [] } = service.spec
    const first = ports[0]
    if (clusterIP === undefined || clusterIP === '' || clusterIP === 'None' || first === undefined) continue
    const prefix = name.toUpperCase().replaceAll('-', '_')
    const host = clusterIP.includes(':') ? `[${clusterIP}]` : clusterIP
    yield [`${prefix}_SERVICE_HOST`, clusterIP]
    yield [`${prefix}_SERVICE_PORT`, String(first.port)]
    for (const p of ports) if (p.name) yield [`${prefix}_SERVICE_PORT_${p.name.toUpperCase().replaceAll('-', '_')}`, String(p.port)]
    yield [`${prefix}_PORT`, `${(first.protocol ?? 'TCP').toLowerCase()}://${host}:${first.port}`]
    for (const p of ports) {
      const protocol = p.protocol ?? 'TCP'
      const base = `${prefix}_PORT_${p.port}_${protocol}`
      yield [base, `${protocol.toLowerCase()}://${host}:${p.port}`]
      yield [`${base}_PROTO`, protocol.toLowerCase()]
      yield [`${base}_PORT`, String(p.port)]
      yield [`${base}_ADDR`, clusterIP]
    }
  }
}
