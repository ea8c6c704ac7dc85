/** Declares Binding (core/v1). */

import { ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { req, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class Binding extends object(
  'k8s.io.api.core.v1.Binding',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    target: req(2, ObjectReference, { doc: 'The node.', mapType: 'atomic' }),
  },
  { doc: 'Assigns a pod to a node; schedulers post it.' },
) {}

export const bindings = resource(Binding, {
  group: '',
  version: 'v1',
  kind: 'Binding',
  plural: 'bindings',
  scope: 'Namespaced',
  verbs: ['create'],
})
