/** One real cluster for the end-to-end tests, with the stock clients that act on it. */

import { execFile, execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

export const root = resolve(import.meta.dirname, '../..')

/** Why tests with real containers cannot run here; false when they can. */
export const needsRealNodes: string | false =
  process.platform !== 'linux'
    ? 'needs Linux'
    : process.getuid?.() !== 0
      ? 'needs root'
      : !existsSync('/usr/bin/containerd')
        ? 'needs containerd'
        : false

export const kubectlPath = findProgram('kubectl')

/** Why tests with the stock kubectl cannot run here; false when they can. */
export const needsKubectl: string | false = kubectlPath === undefined ? 'needs kubectl' : false

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

export interface ClusterUnderTest extends AsyncDisposable {
  readonly home: string
  readonly kubeconfig: string
  /** Runs our command line. */
  k8ts(...words: readonly string[]): Promise<Ran>
  /** Runs the stock kubectl; fails the test on a status other than 0. */
  kubectl(...words: readonly string[]): Promise<string>
  /** Runs the stock kubectl and answers whatever came. */
  tryKubectl(words: readonly string[], input?: string): Promise<Ran>
  /** Applies a manifest given as JSON values. */
  apply(...objects: readonly object[]): Promise<string>
  /** Starts kubectl and leaves it running. */
  startKubectl(...words: readonly string[]): ChildProcess
}

/** Brings up a cluster of its own, in a home of its own, with `k8ts up`. */
export async function startCluster(...flags: readonly string[]): Promise<ClusterUnderTest> {
  const home = mkdtempSync(join(tmpdir(), 'k8ts-e2e-'))
  const env = { ...process.env, K8TS_HOME: home, HOME: home }
  const run = (program: string, words: readonly string[], input?: string) => runProgram(program, words, env, input)
  const k8ts = (...words: readonly string[]) => run(join(root, 'k8ts'), words)
  const started = await k8ts('up', '--name', 'e2e', ...flags)
  if (started.code !== 0) {
    rmSync(home, { recursive: true, force: true })
    throw new Error(`k8ts up ended with ${started.code}:\n${started.out}${started.err}`)
  }
  const kubeconfig = (await k8ts('kubeconfig')).out.trim()
  const kubectlEnv = { ...env, KUBECONFIG: kubeconfig }
  const tryKubectl = (words: readonly string[], input?: string) => runProgram(kubectlPath ?? 'kubectl', words, kubectlEnv, input)
  const kubectl = async (...words: readonly string[]) => must(await tryKubectl(words), words)
  return {
    home,
    kubeconfig,
    k8ts,
    tryKubectl,
    kubectl,
    async apply(...objects) {
      const words = ['apply', '-f', '-']
      return must(await tryKubectl(words, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })), words)
    },
    startKubectl: (...words) => spawn(kubectlPath ?? 'kubectl', words, { env: kubectlEnv }),
    async [Symbol.asyncDispose]() {
      const ended = await k8ts('down', '--name', 'e2e', '--delete-data')
      rmSync(home, { recursive: true, force: true })
      if (ended.code !== 0) throw new Error(`k8ts down ended with ${ended.code}:\n${ended.out}${ended.err}`)
    },
  }
}

const PROGRAM_MS_MAX = 180_000

export function runProgram(program: string, words: readonly string[], env: NodeJS.ProcessEnv, input?: string): Promise<Ran> {
  return new Promise((done) => {
    const child = execFile(program, words, { env, timeout: PROGRAM_MS_MAX, maxBuffer: 2 ** 26 }, (error, out, err) => {
      done({
        code: error === null ? 0 : typeof error.code === 'number' ? error.code : 1,
        out,
        err: err || (error && typeof error.code !== 'number' ? error.message : ''),
      })
    })
    child.stdin?.on('error', () => {})
    child.stdin?.end(input ?? '')
  })
}

/** Tries until `attempt` answers other than undefined; throws what it last said. */
export async function eventually<T>(what: string, attempt: () => Promise<T | undefined>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs
  let last: unknown
  while (performance.now() < deadline) {
    try {
      const result = await attempt()
      if (result !== undefined) return result
    } catch (error) {
      last = error
    }
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  throw new Error(`did not happen within ${withinMs} ms: ${what}`, { cause: last })
}

function must(ran: Ran, words: readonly string[]): string {
  if (ran.code !== 0) throw new Error(`kubectl ${words.join(' ')} ended with ${ran.code}: ${ran.err}`)
  return ran.out
}

function findProgram(name: string): string | undefined {
  try {
    return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
  } catch {
    return undefined
  }
}
