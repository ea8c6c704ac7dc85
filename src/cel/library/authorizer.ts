/** Kubernetes' authorizer: expressions that ask what a user may do. */

import { dns1123Label, dns1123Subdomain } from '#schema/names.ts'
import { sizeOf, TRAVERSAL } from './cost.ts'
import { method } from './own-type.ts'
import { declare, type FunctionDeclaration } from '../declaration.ts'
import * as t from '../type.ts'
import type { Type } from '../type.ts'
import { CelError, Opaque, type Value } from '../value.ts'

const NAME = 'kubernetes.authorization'
export const AUTHORIZER = t.opaque(`${NAME}.Authorizer`)
export const RESOURCE_CHECK = t.opaque(`${NAME}.ResourceCheck`)
const PATH_CHECK = t.opaque(`${NAME}.PathCheck`)
const GROUP_CHECK = t.opaque(`${NAME}.GroupCheck`)
const DECISION = t.opaque(`${NAME}.Decision`)

/** What is asked. `serviceAccount`: of whom, when not of the user who made the request. */
export interface AuthorizationQuestion {
  readonly serviceAccount?: { readonly namespace: string; readonly name: string }
  readonly path?: string
  readonly group?: string
  readonly resource?: string
  readonly subresource?: string
  readonly namespace?: string
  readonly name?: string
  readonly verb?: string
  readonly fieldSelector?: string
  readonly labelSelector?: string
}

export interface AuthorizationAnswer {
  readonly allowed: boolean
  readonly reason: string
  /** Absent when asking did not fail. */
  readonly error?: string
}

export type AskAuthorizer = (question: AuthorizationQuestion) => AuthorizationAnswer | Promise<AuthorizationAnswer>

/**
 * The answer takes time: no evaluation waits, so it ends with this. Await `answer` and evaluate again; whoever gave the promise then
 * has the answer. Not a `CelError`, as nothing in an expression may absorb it.
 */
export class AnswerPending extends Error {
  override readonly name = 'AnswerPending'
  readonly answer: Promise<unknown>

  constructor(answer: Promise<unknown>) {
    super('an authorization is being decided')
    this.answer = answer
  }
}

/** An authorizer, and what of a question has been said so far. */
class Check extends Opaque {
  readonly type: Type
  readonly ask: AskAuthorizer
  readonly question: AuthorizationQuestion

  constructor(type: Type, ask: AskAuthorizer, question: AuthorizationQuestion) {
    super()
    this.type = type
    this.ask = ask
    this.question = question
  }

  equals(other: Value): boolean {
    return other instanceof Check && other.type === this.type && JSON.stringify(other.question) === JSON.stringify(this.question)
  }

  with(more: AuthorizationQuestion, type: Type = this.type): Check {
    return new Check(type, this.ask, { ...this.question, ...more })
  }
}

class Decision extends Opaque {
  readonly type = DECISION
  readonly answer: AuthorizationAnswer

  constructor(answer: AuthorizationAnswer) {
    super()
    this.answer = answer
  }

  equals(other: Value): boolean {
    return other instanceof Decision && JSON.stringify(other.answer) === JSON.stringify(this.answer)
  }
}

/** The variable `authorizer`. */
export function authorizerValue(ask: AskAuthorizer): Value {
  return new Check(AUTHORIZER, ask, {})
}

/** The variable `authorizer.requestResource`: a check of what the request is about. */
export function resourceCheckValue(ask: AskAuthorizer, question: AuthorizationQuestion): Value {
  return new Check(RESOURCE_CHECK, ask, question)
}

function named(what: string, text: string): string {
  if (text.trim() === '') throw new CelError(`${what} must not be empty`)
  return text
}

function serviceAccount(check: Check, namespace: string, name: string): Check {
  const nameProblems = dns1123Subdomain(name)
  if (nameProblems.length > 0) throw new CelError(`Invalid service account name`)
  if (dns1123Label(namespace).length > 0) throw new CelError(`Invalid service account namespace`)
  return check.with({ serviceAccount: { namespace, name } })
}

function decided(check: Check, verb: string): Decision {
  const answer = check.ask({ ...check.question, verb })
  if (answer instanceof Promise) throw new AnswerPending(answer)
  return new Decision(answer)
}

const CHECK_COST = 350_000 // so that an expression has two of them
const checkCost = (): number => CHECK_COST

/** Reading a selector, with what each of its demands may cost later. */
function selectorCost([, text]: readonly Value[]): number {
  return SELECTOR_COST + Math.ceil(sizeOf(text!) / 2) * REQUIREMENT_COST + Math.ceil(sizeOf(text!) * TRAVERSAL)
}

const SELECTOR_COST = 10
const REQUIREMENT_COST = 50

function setting(
  key: 'subresource' | 'namespace' | 'name' | 'fieldSelector' | 'labelSelector',
  id: string,
  cost?: (args: readonly Value[]) => number,
): FunctionDeclaration {
  return declare(
    key,
    method<Check>(id, [RESOURCE_CHECK, t.STRING], RESOURCE_CHECK, (check, text: string) => check.with({ [key]: text }), cost),
  )
}

export const authorizerFunctions: readonly FunctionDeclaration[] = [
  declare(
    'path',
    method<Check>('authorizer_path', [AUTHORIZER, t.STRING], PATH_CHECK, (a, path: string) =>
      a.with({ path: named('path', path) }, PATH_CHECK),
    ),
  ),
  declare(
    'group',
    method<Check>('authorizer_group', [AUTHORIZER, t.STRING], GROUP_CHECK, (a, group: string) => a.with({ group }, GROUP_CHECK)),
  ),
  declare('serviceAccount', method<Check>('authorizer_serviceaccount', [AUTHORIZER, t.STRING, t.STRING], AUTHORIZER, serviceAccount)),
  declare(
    'resource',
    method<Check>('groupcheck_resource', [GROUP_CHECK, t.STRING], RESOURCE_CHECK, (check, resource: string) =>
      check.with({ resource: named('resource', resource) }, RESOURCE_CHECK),
    ),
  ),
  setting('subresource', 'resourcecheck_subresource'),
  setting('namespace', 'resourcecheck_namespace'),
  setting('name', 'resourcecheck_name'),
  setting('fieldSelector', 'authorizer_fieldselector', selectorCost),
  setting('labelSelector', 'authorizer_labelselector', selectorCost),
  declare(
    'check',
    method<Check>('pathcheck_check', [PATH_CHECK, t.STRING], DECISION, decided, checkCost),
    method<Check>('resourcecheck_check', [RESOURCE_CHECK, t.STRING], DECISION, decided, checkCost),
  ),
  declare(
    'allowed',
    method<Decision>('decision_allowed', [DECISION], t.BOOL, ({ answer }) => answer.allowed),
  ),
  declare(
    'reason',
    method<Decision>('decision_reason', [DECISION], t.STRING, ({ answer }) => answer.reason),
  ),
  declare(
    'errored',
    method<Decision>('decision_errored', [DECISION], t.BOOL, ({ answer }) => answer.error !== undefined),
  ),
  declare(
    'error',
    method<Decision>('decision_error', [DECISION], t.STRING, ({ answer }) => answer.error ?? ''),
  ),
]
