/** What a command is, and how a command line finds its way to one. */

import type { Clock } from '#base/clock.ts'
import { describeSettings, parseArguments, UsageError, type Parsed, type Settings } from '#base/settings.ts'
import type { Command as Program } from './cluster/machine-plan.ts'

/** What commands may touch of the machine; `src/main` gives the real one. */
export interface Environment {
  readonly clock: Clock
  readonly variables: Readonly<Record<string, string | undefined>>
  readonly platform: string
  /** Go's name of the processor: amd64, arm64. */
  readonly architecture: string
  readonly isRoot: boolean
  /** Whether `out` goes to a person's terminal. */
  readonly isTerminal: boolean
  /** The package's own folder, where `k8ts` and `scripts/` lie. */
  readonly root: string
  readonly home: string
  out(text: string): void
  err(text: string): void
  /** Runs a program to its end. Throws `ProgramFailed` unless it ended with 0 or may fail. */
  run(program: Program): Promise<string>
  /** Starts a program that outlives this process, its output in `log`; answers its process id. */
  launch(program: string, words: readonly string[], log: string): number
  /** Whether this process runs and `mark` is in its command line: ids are given again, to strangers. */
  alive(pid: number, mark: string): boolean
  /** Signals a process that is `alive` in that sense, and no other. */
  kill(pid: number, mark: string, signal: 'SIGTERM' | 'SIGKILL'): void
  /** Aborts on the first SIGINT or SIGTERM. */
  readonly signal: AbortSignal
}

/** A program ended otherwise than with 0. */
export class ProgramFailed extends Error {
  override readonly name = 'ProgramFailed'
}

/** Something the operator can mend: one plain sentence of what, why and what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError'
}

export interface Command<S extends Settings = Settings> {
  /** The words after `k8ts NAME` in the usage line. */
  readonly usage: string
  readonly description: string
  readonly settings: S
  /** Whether words other than flags mean something to it; a command without this refuses them. */
  readonly takesWords?: boolean
  /** Answers the exit status. */
  run(parsed: Parsed<S>, environment: Environment): Promise<number>
}

/** Declares a command, keeping the types of its settings. */
export function command<const S extends Settings>(declared: Command<S>): Command<S> {
  return declared
}

/** A command's name and where to load it from, so that one command does not pay for the others. */
export interface Listed {
  readonly summary: string
  readonly group: 'Clusters' | 'Components' | 'Other'
  readonly load: () => Promise<Command<never>>
}

/** Runs the command the words name; answers the exit status: 0 only on success, 2 for a wrong command line. */
export async function runCommandLine(
  commands: Readonly<Record<string, Listed>>,
  words: readonly string[],
  environment: Environment,
): Promise<number> {
  const [name, ...rest] = words
  if (name === 'help' && rest[0] !== undefined) return runCommandLine(commands, [rest[0], '--help'], environment)
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    environment.out(`${overview(commands)}\n`)
    return 0
  }
  const listed = Object.hasOwn(commands, name === '--version' ? 'version' : name)
    ? commands[name === '--version' ? 'version' : name]
    : undefined
  if (listed === undefined) {
    environment.err(`error: unknown command "${name}" for "k8ts"\nRun 'k8ts --help' for usage.\n`)
    return 2
  }
  const loaded = (await listed.load()) as unknown as Command
  try {
    const parsed = parseArguments(loaded.settings, rest)
    if (parsed.help) {
      environment.out(`${loaded.description}\n\nUsage:\n  k8ts ${name} ${loaded.usage}\n\n${describeSettings(loaded.settings)}\n`)
      return 0
    }
    if (parsed.words[0] !== undefined && !loaded.takesWords) throw new UsageError(`unexpected argument "${parsed.words[0]}"`)
    return await loaded.run(parsed, environment)
  } catch (error) {
    if (error instanceof UsageError) {
      environment.err(`error: ${error.message}\nRun 'k8ts ${name} --help' for usage.\n`)
      return 2
    }
    if (error instanceof OperatorError) {
      environment.err(`k8ts ${name}: ${error.message}\n`)
      return 1
    }
    throw error
  }
}

function overview(commands: Readonly<Record<string, Listed>>): string {
  const width = Math.max(...Object.keys(commands).map((n) => n.length)) + 3
  const groups = ['Clusters', 'Components', 'Other'] as const
  const table = groups.map((g) => {
    const rows = Object.entries(commands).flatMap(([name, c]) => (c.group === g ? [`  ${name.padEnd(width)}${c.summary}`] : []))
    return `${g}:\n${rows.join('\n')}`
  })
  return `k8ts is Kubernetes in TypeScript.\n\nUsage:\n  k8ts COMMAND [flags]\n\n${table.join('\n\n')}\n\nk8ts COMMAND --help says more.`
}
