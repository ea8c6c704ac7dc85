/** What is known of each cluster started on this machine: one file per cluster, so that any later command finds its way. */

import { mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

/** One node of a cluster on this machine. `pid` is the process whose end takes the whole node along. */
export interface NodeRecord {
  readonly name: string
  readonly address: string
  readonly directory: string
  readonly pid?: number
  /** Named network namespace, and its cgroup below each hierarchy's root; absent for simulated nodes. */
  readonly networkNamespace?: string
  readonly cgroup?: string
  /** The containerd socket images are imported through. */
  readonly runtimeSocket?: string
}

export interface ClusterRecord {
  readonly name: string
  /** Small number that no other cluster here has; bridge, subnet and table names come from it. */
  readonly index: number
  readonly dataDirectory: string
  readonly runtime: 'containerd' | 'simulated'
  readonly securePort: number
  /** What clients on this machine use. */
  readonly kubeconfig: string
  readonly serverPid?: number
  readonly nodes: readonly NodeRecord[]
}

/** Every process of a cluster has this in its command line. */
export function markOf(record: ClusterRecord): string {
  return `${record.dataDirectory}/`
}

/** Where records (and, unless said otherwise, data) live: `K8TS_HOME`, else by custom per user. */
export function homeDirectory(env: Readonly<Record<string, string | undefined>>, isRoot: boolean): string {
  if (env['K8TS_HOME']) return resolve(env['K8TS_HOME'])
  if (isRoot) return '/var/lib/k8ts'
  return join(env['XDG_DATA_HOME'] || join(homedir(), '.local', 'share'), 'k8ts')
}

export class ClusterRecords {
  readonly #directory: string

  constructor(home: string) {
    this.#directory = join(home, 'clusters')
  }

  /** Where a cluster's data lies unless it was given a directory. */
  defaultDataDirectory(name: string): string {
    return join(this.#directory, name)
  }

  all(): readonly ClusterRecord[] {
    let names: readonly string[]
    try {
      names = readdirSync(this.#directory)
    } catch {
      return []
    }
    return names.flatMap((f) => (f.endsWith('.json') ? [JSON.parse(readFileSync(join(this.#directory, f), 'utf8')) as ClusterRecord] : []))
  }

  get(name: string): ClusterRecord | undefined {
    return this.all().find((r) => r.name === name)
  }

  /** The cluster that commands without a name mean: the one started last. */
  current(): ClusterRecord | undefined {
    try {
      return this.get(readFileSync(join(this.#directory, 'current'), 'utf8').trim())
    } catch {
      return this.all()[0]
    }
  }

  save(record: ClusterRecord): void {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 })
    replaceFile(join(this.#directory, `${record.name}.json`), `${JSON.stringify(record, undefined, 2)}\n`)
    replaceFile(join(this.#directory, 'current'), `${record.name}\n`)
  }

  remove(name: string): void {
    rmSync(join(this.#directory, `${name}.json`), { force: true })
    if (this.#currentName() === name) rmSync(join(this.#directory, 'current'), { force: true })
  }

  /** The smallest index that no cluster has and that is not `taken` otherwise. */
  freeIndex(taken: (index: number) => boolean): number {
    const recorded = new Set(this.all().map((r) => r.index))
    let index = 0
    while (recorded.has(index) || taken(index)) index++
    return index
  }

  #currentName(): string {
    try {
      return readFileSync(join(this.#directory, 'current'), 'utf8').trim()
    } catch {
      return ''
    }
  }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.new`, text, { mode: 0o600 })
  renameSync(`${path}.new`, path)
}
