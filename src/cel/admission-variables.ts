/** The variables that expressions about requests have, with their types. */

import { AUTHORIZER, RESOURCE_CHECK } from './library/authorizer.ts'
import * as t from './type.ts'
import type { Type } from './type.ts'

export interface AdmissionVariables {
  /** `params`, which policies with a kind of parameters have. */
  readonly params?: boolean
  /** `authorizer` and `authorizer.requestResource`. */
  readonly authorizer?: boolean
  /** `variables`, an object of what the policy has compiled so far. */
  readonly variables?: Type
  /** Of `object` and `oldObject`, where it is known. */
  readonly object?: Type
  readonly paramType?: Type
}

const named = (name: string, fields: Readonly<Record<string, Type>>): Type => {
  const types = new Map(Object.entries(fields))
  return { kind: 'object', name: `kubernetes.${name}`, fields: () => types }
}

const { STRING, BOOL, INT, TIMESTAMP, DYN } = t
const STRINGS = t.listOf(STRING)
const KIND = named('GroupVersionKind', { group: STRING, version: STRING, kind: STRING })
const RESOURCE = named('GroupVersionResource', { group: STRING, version: STRING, resource: STRING })

const USER = named('UserInfo', { username: STRING, uid: STRING, groups: STRINGS, extra: t.mapOf(STRING, STRINGS) })

const REQUEST = named('AdmissionRequest', {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: USER,
  dryRun: BOOL,
  options: DYN,
})

const CONDITION = named('NamespaceCondition', {
  status: STRING,
  type: STRING,
  lastTransitionTime: TIMESTAMP,
  message: STRING,
  reason: STRING,
})

const NAMESPACE = named('Namespace', {
  metadata: named('NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: t.mapOf(STRING, STRING),
    annotations: t.mapOf(STRING, STRING),
    UID: STRING,
    creationTimestamp: TIMESTAMP,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIMESTAMP,
    generation: INT,
    resourceVersion: STRING,
    finalizers: STRINGS,
  }),
  spec: named('NamespaceSpec', { finalizers: STRINGS }),
  status: named('NamespaceStatus', { conditions: t.listOf(CONDITION), phase: STRING }),
})

export function admissionVariables(has: AdmissionVariables): readonly (readonly [name: string, type: Type])[] {
  const { params = false, authorizer = false, variables, object = DYN, paramType = DYN } = has
  return [
    ['object', object],
    ['oldObject', object],
    ['namespaceObject', NAMESPACE],
    ['request', REQUEST],
    ...(params ? [['params', paramType] as const] : []),
    ...(authorizer
      ? ([
          ['authorizer', AUTHORIZER],
          ['authorizer.requestResource', RESOURCE_CHECK],
        ] as const)
      : []),
    ...(variables ? [['variables', variables] as const] : []),
  ]
}
