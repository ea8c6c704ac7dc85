/** What an expression may use, and how it becomes something that runs. */

import { check, type Checked } from './check.ts'
import type { FunctionDeclaration } from './declaration.ts'
import { compile, type Program, type StructMaker } from './evaluate.ts'
import { extensions } from './library/extensions.ts'
import { literalProblems } from './literal-arguments.ts'
import { CelSyntaxError } from './expression.ts'
import { kubernetesLibrary } from './library/kubernetes.ts'
import { standardLibrary } from './library/standard.ts'
import { parse } from './parse.ts'
import type { Type } from './type.ts'

export interface Environment {
  /** Variables by their full names. */
  readonly variables: ReadonlyMap<string, Type>
  /** Functions besides the language's own and its extensions. */
  readonly functions?: readonly FunctionDeclaration[]
  /** Types that expressions may make values of, by their names. */
  readonly object?: (name: string) => Extract<Type, { kind: 'object' }> | undefined
  readonly structs?: StructMaker
  /** Whether literals are held to more: elements of lists and maps to one type, texts to what functions can read. */
  readonly strictLiterals?: boolean
}

export interface Compiled {
  readonly checked: Checked
  readonly program: Program
}

/** Throws `CelSyntaxError`. */
export function compileExpression(source: string, environment: Environment): Compiled {
  const { variables, functions = [], object = () => undefined, structs, strictLiterals = false } = environment
  const checked = check(parse(source), source, {
    functions: functions.length === 0 ? builtIn : merged([...builtIn.values(), ...functions]),
    variable: (name) => variables.get(name),
    object,
    homogeneous: strictLiterals,
  })
  const [first, ...others] = strictLiterals ? literalProblems(checked.expression, source) : []
  if (first) throw new CelSyntaxError(first.message, first.line, first.column, others)
  return { checked, program: compile(checked, structs) }
}

/** Declarations of one name are overloads of one function. */
function merged(declarations: readonly FunctionDeclaration[]): ReadonlyMap<string, FunctionDeclaration> {
  const byName = new Map<string, FunctionDeclaration>()
  for (const { name, overloads } of declarations)
    byName.set(name, { name, overloads: [...(byName.get(name)?.overloads ?? []), ...overloads] })
  return byName
}

const builtIn = merged([...standardLibrary, ...extensions, ...kubernetesLibrary])
