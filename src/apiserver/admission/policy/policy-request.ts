/** What policies have to know of a request before any of them is looked at. */

import type { AdmissionRequest, ObjectForm } from '../admission.ts'
import type { Matchable } from './policy-match.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import { defaultForm } from '#apiserver/webhook/default-form.ts'

export type NamespaceFinder = (name: string) => Promise<Namespace | undefined>

export interface AboutRequest extends Matchable {
  /** What expressions see: nothing for namespaces themselves. */
  readonly namespaceObject: Namespace | undefined
  /** Remembers what is made for each form. */
  inForm<T>(make: (form: ObjectForm) => T): (form: ObjectForm) => T
}

export async function aboutRequest(request: AdmissionRequest, find: NamespaceFinder): Promise<AboutRequest> {
  const { namespace: name, resource } = request
  const found = name === '' ? undefined : ((await find(name)) ?? 'missing')
  const isNamespace = resource.group === '' && resource.plural === 'namespaces'
  return {
    request,
    forms: request.forms?.() ?? [defaultForm(request)],
    namespace: found,
    namespaceObject: isNamespace || found === 'missing' ? undefined : found,
    inForm(make) {
      const known = new Map<ObjectForm, ReturnType<typeof make>>()
      return (form) => {
        const had = known.get(form)
        if (had !== undefined) return had
        const made = make(form)
        known.set(form, made)
        return made
      }
    },
  }
}
