/** What every namespace gets: the default service account, and the cluster's root certificates. */

import { configMaps, type ConfigMap } from '#api/core/v1/config-map.ts'
import { namespaces } from '#api/core/v1/namespace.ts'
import { serviceAccounts } from '#api/core/v1/service-account.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'
import { create, nothing, update, type Controller, type WatchRule } from './controller.ts'

const ROOT_CA = 'kube-root-ca.crt'
const DESCRIPTION =
  'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.'

/** Makes the service account `default` and makes it again when it is deleted. */
export const serviceAccountController: Controller<{ readonly namespace: string; readonly missing: boolean }> = {
  name: 'serviceaccount',
  primary: namespaces,
  watches: [inNamespace(serviceAccounts, 'default')],
  read(key, cache) {
    if (!isActive(cache.get(namespaces, key))) return undefined
    return { namespace: key, missing: cache.get(serviceAccounts, `${key}/default`) === undefined }
  },
  decide: ({ namespace, missing }) =>
    missing ? { actions: [create(serviceAccounts, { metadata: { name: 'default', namespace } })] } : nothing,
}

/** Keeps the ConfigMap `kube-root-ca.crt` in every namespace equal to `rootCa` (PEM). */
export function rootCaPublisher(rootCa: string): Controller<{ readonly namespace: string; readonly current: ConfigMap | undefined }> {
  const data = { 'ca.crt': rootCa }
  const annotations = { 'kubernetes.io/description': DESCRIPTION }
  return {
    name: 'root-ca-certificate-publisher',
    primary: namespaces,
    watches: [inNamespace(configMaps, ROOT_CA)],
    read(key, cache) {
      if (!isActive(cache.get(namespaces, key))) return undefined
      return { namespace: key, current: cache.get(configMaps, `${key}/${ROOT_CA}`) }
    },
    decide({ namespace, current }) {
      if (current === undefined) return { actions: [create(configMaps, { metadata: { name: ROOT_CA, namespace, annotations }, data })] }
      const right = current.data?.['ca.crt'] === rootCa && Object.keys(current.data).length === 1
      if (right && current.metadata.annotations?.['kubernetes.io/description'] === DESCRIPTION) return nothing
      return {
        actions: [
          update(configMaps, {
            ...current,
            metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } },
            data,
          }),
        ],
      }
    },
  }
}

function inNamespace(resource: Resource, name: string): WatchRule {
  return { resource, keys: (o) => (o.metadata.name === name && o.metadata.namespace !== undefined ? [o.metadata.namespace] : []) }
}

function isActive(namespace: KubeObject | undefined): boolean {
  return namespace !== undefined && namespace.metadata.deletionTimestamp === undefined
}
