/** Ingresses that name no class get the cluster's default one; of several, the newest. */

import type { AdmissionPlugin } from './admission.ts'
import { isAbout } from './requested.ts'
import type { IngressClass } from '#api/networking/v1/ingress-class.ts'
import type { Ingress } from '#api/networking/v1/ingress.ts'
import type { KubeObject } from '#schema/resource.ts'

const DEFAULT = 'ingressclass.kubernetes.io/is-default-class'
const OLD_CLASS = 'kubernetes.io/ingress.class'

export function defaultIngressClass(parts: { readonly list: () => readonly IngressClass[] }): AdmissionPlugin {
  return {
    name: 'DefaultIngressClass',
    operations: ['CREATE'],
    admit(request) {
      if (!isAbout(request, 'ingresses.networking.k8s.io')) return undefined
      const ingress = request.object as unknown as Ingress
      if (ingress.spec?.ingressClassName !== undefined || ingress.metadata.annotations?.[OLD_CLASS] !== undefined) return undefined
      const found = newestDefault(parts.list())
      if (found === undefined) return undefined
      return { ...ingress, spec: { ...ingress.spec, ingressClassName: found.metadata.name } } as unknown as KubeObject
    },
  }
}

function newestDefault(classes: readonly IngressClass[]): IngressClass | undefined {
  const created = ({ metadata }: IngressClass) => Date.parse(metadata.creationTimestamp)
  return classes
    .filter(({ metadata }) => metadata.annotations?.[DEFAULT] === 'true')
    .toSorted((a, b) => created(b) - created(a) || (a.metadata.name < b.metadata.name ? -1 : 1))[0]
}
