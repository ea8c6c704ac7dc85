/** Where objects lie in the store: upstream's `/registry/...` layout, so that tools which read it find their way. */

import type { KubeObject, Resource } from '#schema/resource.ts'

/** Resources whose folder is not simply their plural name, by `plural` or `plural.group`. */
const FOLDERS: Readonly<Record<string, string>> = {
  nodes: 'minions',
  services: 'services/specs',
  endpoints: 'services/endpoints',
  replicationcontrollers: 'controllers',
  'ingresses.networking.k8s.io': 'ingress',
  'events.events.k8s.io': 'events',
  'customresourcedefinitions.apiextensions.k8s.io': 'apiextensions.k8s.io/customresourcedefinitions',
  'apiservices.apiregistration.k8s.io': 'apiregistration.k8s.io/apiservices',
}

/** `/registry/pods/`: all of a resource's keys start with it, and no other's do. */
export function storagePrefix(resource: Resource): string {
  if (resource.type.schema.custom) return customPrefix(resource)
  const name = resource.group === '' ? resource.plural : `${resource.plural}.${resource.group}`
  return `/registry/${FOLDERS[name] ?? resource.plural}/`
}

/** Where the objects of a defined resource lie. */
export function customPrefix({ group, plural }: Pick<Resource, 'group' | 'plural'>): string {
  return `/registry/${group}/${plural}/`
}

export function storageKey(resource: Resource, namespace: string, name: string): string {
  const prefix = storagePrefix(resource)
  return resource.scope === 'Namespaced' ? `${prefix}${namespace}/${name}` : `${prefix}${name}`
}

export function keyOfObject(resource: Resource, object: KubeObject): string {
  return storageKey(resource, object.metadata.namespace ?? '', object.metadata.name)
}
