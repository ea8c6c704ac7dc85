/** A private containerd: its configuration, start, readiness and end. */

import { spawn, type ChildProcess } from 'node:child_process'
import { accessSync, constants, mkdirSync, openSync, closeSync, readFileSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { sleep, type Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { openCriRuntime } from './cri-runtime.ts'
import type { Runtime } from '../runtime.ts'

export interface ContainerdOptions {
  /** Everything of this containerd lies below: root, state, socket, configuration, log. */
  readonly directory: string
  readonly cniConfigurationDirectory: string
  readonly cniBinaryDirectory: string
  /** The image whose process holds a pod's namespaces; it must be imported before the first pod. */
  readonly sandboxImage: string
  readonly clock: Clock
  readonly log: Log
  /** Where programs are looked for besides PATH. */
  readonly searchPath?: string
  /** Registries spoken to over plain HTTP or with own certificates: containerd's hosts.toml folders; `/etc/containerd/certs.d` unless given. */
  readonly registryConfigurationDirectory?: string
}

export interface Containerd extends AsyncDisposable {
  readonly socket: string
  readonly pid: number
  readonly runtime: Runtime
  /** Resolves with a sentence when the process ends without being asked to. */
  readonly ended: Promise<string>
}

/** A program is missing or would not start; the message is for the operator. */
export class ContainerdUnavailable extends Error {
  override readonly name = 'ContainerdUnavailable'
}

const REGISTRY_CONFIGURATION = '/etc/containerd/certs.d' // where operators of containerd keep it; it need not exist
const READY_MS = 30_000 // an overlay scan of a big image store takes seconds; half a minute is a fault
const READY_POLL_MS = 50
const STOP_MS = 10_000
const DEBIAN_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'

/** Writes the configuration, starts containerd and waits until it answers. Pods outlive it: stopping it stops no container. */
export async function startContainerd(options: ContainerdOptions): Promise<Containerd> {
  const { directory, clock, log } = options
  const path = [process.env['PATH'], options.searchPath, DEBIAN_PATH].filter(Boolean).join(delimiter)
  const program = find('containerd', path, 'Install the package containerd.')
  const runc = find('runc', path, 'Install the package runc.')
  find('containerd-shim-runc-v2', path, 'Install the package containerd.')
  mkdirSync(join(directory, 'tmp'), { recursive: true })
  const socket = join(directory, 'containerd.sock')
  const configuration = join(directory, 'config.toml')
  writeFileSync(configuration, containerdConfiguration({ ...options, runc, restrictOomScore: !mayRaisePriority() }))

  const logFile = join(directory, 'containerd.log')
  const output = openSync(logFile, 'a')
  const child = spawn(program, ['--config', configuration, '--log-level', 'info'], {
    stdio: ['ignore', output, output],
    // detached, so that a Ctrl-C in the terminal reaches the kubelet alone, which then stops this in its own time
    detached: true,
    env: { ...process.env, PATH: path, TMPDIR: join(directory, 'tmp') },
  })
  closeSync(output)
  let stopping = false
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`containerd would not start: ${error.message}`))
    child.once('exit', (code, signal) =>
      resolve(stopping ? 'containerd was stopped' : `containerd ended (${signal ?? `exit code ${code}`}); see ${logFile}`),
    )
  })
  const runtime = openCriRuntime({ socket, clock })
  const failed = await Promise.race([ready(runtime, clock, logFile), ended])
  if (failed !== undefined) {
    child.kill('SIGTERM')
    await runtime[Symbol.asyncDispose]()
    throw new ContainerdUnavailable(failed)
  }
  log.info('containerd is ready', { pid: child.pid, socket })
  return {
    socket,
    pid: child.pid!,
    runtime,
    ended,
    async [Symbol.asyncDispose]() {
      stopping = true
      await runtime[Symbol.asyncDispose]()
      await stop(child, clock)
    },
  }
}

/** Resolves with undefined once the CRI answers, else with the reason why not. */
async function ready(runtime: Runtime, clock: Clock, logFile: string): Promise<string | undefined> {
  const deadline = clock.monotonic() + READY_MS
  let last = ''
  while (clock.monotonic() < deadline) {
    try {
      const conditions = await runtime.status()
      if (conditions.some((c) => c.type === 'RuntimeReady' && c.ready)) return undefined
    } catch (error) {
      last = (error as Error).message
    }
    await sleep(clock, READY_POLL_MS)
  }
  return `containerd did not get ready within ${READY_MS / 1000} s (${last}); see ${logFile}`
}

async function stop(child: ChildProcess, clock: Clock): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  using _ = clock.timer(STOP_MS, () => child.kill('SIGKILL'))
  await gone
}

function find(program: string, path: string, advice: string): string {
  for (const directory of path.split(delimiter)) {
    const file = join(directory, program)
    try {
      accessSync(file, constants.X_OK)
      return file
    } catch {
      // the next folder
    }
  }
  throw new ContainerdUnavailable(`${program} is not installed. ${advice}`)
}

const CAP_SYS_RESOURCE = 24n

/** Whether this process may lower a container's OOM score below its own; where it may not, every sandbox would fail. */
function mayRaisePriority(): boolean {
  try {
    const effective = /^CapEff:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '0'
    return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n
  } catch {
    return false
  }
}

/** The config.toml, version 2: understood by containerd 1.6, 1.7 and 2.x. */
export function containerdConfiguration(
  o: Pick<
    ContainerdOptions,
    'directory' | 'cniConfigurationDirectory' | 'cniBinaryDirectory' | 'sandboxImage' | 'registryConfigurationDirectory'
  > & { readonly runc: string; readonly restrictOomScore: boolean },
): string {
  const text = JSON.stringify // TOML's basic strings take JSON's escapes
  return `version = 2
root = ${text(join(o.directory, 'root'))}
state = ${text(join(o.directory, 'state'))}
disabled_plugins = ["io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs", "io.containerd.tracing.processor.v1.otlp", "io.containerd.internal.v1.tracing"]
[grpc]
  address = ${text(join(o.directory, 'containerd.sock'))}
[ttrpc]
  address = ${text(join(o.directory, 'containerd.sock.ttrpc'))}
[plugins."io.containerd.internal.v1.opt"]
  path = ${text(join(o.directory, 'opt'))}
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = ${text(o.sandboxImage)}
  disable_apparmor = ${!apparmorThere()}
  restrict_oom_score_adj = ${o.restrictOomScore}
  stream_server_address = "127.0.0.1"
  stream_server_port = "0"
  netns_mounts_under_state_dir = true
  enable_unprivileged_ports = true
  enable_unprivileged_icmp = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${text(o.cniBinaryDirectory)}
    conf_dir = ${text(o.cniConfigurationDirectory)}
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = ${text(o.registryConfigurationDirectory ?? REGISTRY_CONFIGURATION)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = ${text(o.runc)}
        SystemdCgroup = false
`
}

function apparmorThere(): boolean {
  try {
    return readFileSync('/sys/module/apparmor/parameters/enabled', 'utf8').startsWith('Y')
  } catch {
    return false
  }
}
