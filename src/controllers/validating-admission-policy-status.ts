/** Says in the status of validating policies what is doubtful about the types of their expressions. */

import type { Rule } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import {
  validatingAdmissionPolicies,
  type ExpressionWarning,
  type ValidatingAdmissionPolicy,
} from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { schemaOfKind } from '#cel/openapi-schema.ts'
import { isReason } from '#client/client.ts'
import { updateStatus, type Controller } from './controller.ts'
import { typeWarnings, type KnownKind } from './policy-type-check.ts'

interface Checked {
  readonly policy: ValidatingAdmissionPolicy
  readonly warnings: readonly ExpressionWarning[]
}

const KINDS_MAX = 10 // upstream's; a policy about more is checked against the first ones

/** `read` gets a document of the server by its path. */
export function validatingPolicyStatusController(read: (path: string) => Promise<unknown>): Controller<Checked> {
  return {
    name: 'validatingadmissionpolicy-status',
    primary: validatingAdmissionPolicies,
    watches: [],
    workers: 1,
    async read(key, cache) {
      const policy = cache.get(validatingAdmissionPolicies, key)
      if (policy === undefined || (policy.metadata.generation ?? 0) <= (policy.status?.observedGeneration ?? 0)) return undefined
      const { matchConstraints, paramKind } = policy.spec ?? {}
      const kinds = await kindsOf(matchConstraints?.resourceRules ?? [], read)
      const [group = '', version = ''] = groupVersion(paramKind?.apiVersion ?? '')
      const params = paramKind && (await known({ group, version, kind: paramKind.kind ?? '' }, read))
      return { policy, warnings: typeWarnings(policy, kinds, params) }
    },
    decide({ policy, warnings }) {
      const status = {
        ...policy.status,
        observedGeneration: policy.metadata.generation ?? 0,
        typeChecking: { ...(warnings.length > 0 && { expressionWarnings: warnings }) },
      }
      return { actions: [updateStatus(validatingAdmissionPolicies, { ...policy, status })] }
    },
  }
}

type Read = (path: string) => Promise<unknown>
type Kind = Omit<KnownKind, 'schema'>

/** Rules with `*` could be about anything and are not checked. */
async function kindsOf(rules: readonly Rule[], read: Read): Promise<readonly KnownKind[]> {
  const found = new Map<string, KnownKind>()
  for (const { apiGroups = [], apiVersions = [], resources = [] } of rules) {
    if ([...apiGroups, ...apiVersions].some((name) => name.includes('*'))) continue
    const plain = resources.filter((name) => !/[*/]/.test(name)).toSorted()
    for (const group of apiGroups.toSorted())
      for (const version of apiVersions.toSorted())
        for (const resource of plain) {
          if (found.size === KINDS_MAX) break
          const kind = await kindOf(group, version, resource, read)
          const one = kind && (await known(kind, read))
          if (one) found.set(`${one.group}/${one.version}/${one.kind}`, one)
        }
  }
  return [...found].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind)
}

async function kindOf(group: string, version: string, resource: string, read: Read): Promise<Kind | undefined> {
  const list = (await orNothing(read(pathOf(group, version)))) as
    | { readonly resources?: readonly ({ readonly name: string } & Partial<Kind>)[] }
    | undefined
  const found = list?.resources?.find(({ name }) => name === resource)
  return found?.kind === undefined ? undefined : { group: found.group || group, version: found.version || version, kind: found.kind }
}

async function known(kind: Kind, read: Read): Promise<KnownKind | undefined> {
  const document = await orNothing(read(`/openapi/v3${pathOf(kind.group, kind.version)}`))
  const schema = document === undefined ? undefined : schemaOfKind(document, kind)
  return schema && { ...kind, schema }
}

async function orNothing(answer: Promise<unknown>): Promise<unknown> {
  try {
    return await answer
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}

function pathOf(group: string, version: string): string {
  return group === '' ? `/api/${version}` : `/apis/${group}/${version}`
}

function groupVersion(apiVersion: string): readonly string[] {
  return apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
}
