/** The versions of the API in which the object of a write can be shown to whoever has a say in it. */

import type { ObjectForm } from './admission.ts'
import { Binding } from '#api/core/v1/binding.ts'
import { Eviction } from '#api/policy/v1/eviction.ts'
import { Scale } from '#api/autoscaling/v1/scale.ts'
import { TokenRequest } from '#api/authentication/v1/token-request.ts'
import { decodeValue } from '#apiserver/encode/read-body.ts'
import type { Conversion, Served } from '#apiserver/registry/served/serve.ts'
import { AnswerPending } from '#cel/library/authorizer.ts'
import { withDefaults } from '#schema/defaults.ts'
import type { Message } from '#schema/message.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

/** `others` are further ways in which the same stored objects are served. Those without the subresource are left out. */
export function objectForms(served: Served, others: readonly Served[], subresource: string): readonly ObjectForm[] {
  return [served, ...others.filter((other) => other !== served)].flatMap((one) => {
    const form = formOf(one, subresource)
    return form ? [form] : []
  })
}

/** Kinds of subresources that are no view of the whole object. */
const PARTS: Readonly<Record<string, Message>> = {
  'authentication.k8s.io/v1 TokenRequest': TokenRequest.schema,
  'autoscaling/v1 Scale': Scale.schema,
  'policy/v1 Eviction': Eviction.schema,
  'v1 Binding': Binding.schema,
}

function formOf({ resource, view, converts }: Served, subresource: string): ObjectForm | undefined {
  const { group, version, plural } = resource
  const where = { group, version, resource: plural }
  const declared = resource.subresources.find((s) => s.name === subresource)
  if (subresource !== '' && declared === undefined) return undefined
  const own = { group, version, kind: resource.kind }
  const kind = declared?.kind
  if (kind && (kind.group !== group || kind.kind !== resource.kind)) return partForm(where, kind)
  return {
    resource: where,
    kind: own,
    message: resource.type.schema,
    ...(converts
      ? laterForm(converts, read)
      : { show: (object) => (view ? view.showObject(object) : object), read: (value) => stored(read(value)) }),
  }

  function read(value: unknown): KubeObject {
    return withDefaults(resource.type.schema, decodeValue(value, [], expected(resource), 'Ignore', [])) as KubeObject
  }
  function stored(object: KubeObject): KubeObject {
    return view ? view.store(object) : object
  }
}

function laterForm(converts: Conversion, read: (value: unknown) => KubeObject): Pick<ObjectForm, 'show' | 'read'> {
  return {
    show: later((object: KubeObject) => converts.show(object)),
    read: later(async (value: unknown) => converts.store(read(value))) as ObjectForm['read'],
  }
}

/** Throws `AnswerPending` until the answer is there, which is then remembered. */
function later<T>(work: (value: T) => Promise<KubeObject>): (value: T) => KubeObject {
  const known = new WeakMap<T & object, KubeObject>()
  return (value) => {
    const found = known.get(value as T & object)
    if (found) return found
    throw new AnswerPending(work(value).then((made) => void known.set(value as T & object, made)))
  }
}

function partForm(where: ObjectForm['resource'], kind: ObjectForm['kind']): ObjectForm {
  const apiVersion = kind.group === '' ? kind.version : `${kind.group}/${kind.version}`
  const message = PARTS[`${apiVersion} ${kind.kind}`]
  return {
    resource: where,
    kind,
    ...(message && { message }),
    show: (object) => ({ ...object, apiVersion, kind: kind.kind }),
    read(value) {
      // options of connections are read where they are used
      if (message === undefined) return { ...(value as KubeObject), apiVersion, kind: kind.kind }
      return decodeValue(value, [], { apiVersion, kind: kind.kind, message }, 'Ignore', []) as KubeObject
    },
  }
}

function expected({ apiVersion, kind, type }: Resource) {
  return { apiVersion, kind, message: type.schema }
}
