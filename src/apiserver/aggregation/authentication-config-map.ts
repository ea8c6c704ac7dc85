/** The ConfigMap in which aggregated servers find how to recognize clients, and this server when it speaks for one. */

import type { DefaultObject } from '#apiserver/registry/default-objects.ts'
import type { KubeObject } from '#schema/resource.ts'

/** What this server shows to aggregated servers, and by which authorities they know it and clients; PEM. */
export interface FrontProxy {
  readonly certificate: () => { readonly cert: string; readonly key: string }
  readonly ca: () => string
  readonly clientCa: () => string
  /** Common names that speak for others. */
  readonly allowedNames: readonly string[]
}

export function authenticationConfigMap({ ca, clientCa, allowedNames }: FrontProxy): DefaultObject {
  const list = (...values: readonly string[]) => JSON.stringify(values)
  const object = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'extension-apiserver-authentication', namespace: 'kube-system' },
    data: {
      'client-ca-file': clientCa(),
      'requestheader-allowed-names': list(...allowedNames),
      'requestheader-client-ca-file': ca(),
      'requestheader-extra-headers-prefix': list('X-Remote-Extra-'),
      'requestheader-group-headers': list('X-Remote-Group'),
      'requestheader-uid-headers': list('X-Remote-Uid'),
      'requestheader-username-headers': list('X-Remote-User'),
    },
  }
  return { resource: 'configmaps', object: object as unknown as KubeObject, own: true }
}
