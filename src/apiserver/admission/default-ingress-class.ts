/** Ingresses that name no class get the cluster's default one. */

import type { AdmissionPlugin } from './admission.ts'
import { refused } from './refused.ts'
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
      const defaults = parts.list().filter(({ metadata }) => metadata.annotations?.[DEFAULT] === 'true')
      if (defaults.length > 1)
        throw refused(request, `Internal error occurred: ${defaults.length} default IngressClasses were found, only 1 allowed`)
      if (defaults.length === 0) return undefined
      return { ...ingress, spec: { ...ingress.spec, ingressClassName: defaults[0]!.metadata.name } } as unknown as KubeObject
    },
  }
}
