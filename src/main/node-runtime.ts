/** A node's container runtime: one that is named, one that still runs from before, or a containerd started here. */

import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { systemClock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import { OperatorError } from '#cli/command.ts'
import { ContainerdUnavailable, startContainerd } from '#runtime/cri/containerd.ts'
import { openCriRuntime } from '#runtime/cri/cri-runtime.ts'
import { buildImage } from '#runtime/images/oci-image.ts'
import { pauseProgram } from '#runtime/images/pause-program.ts'
import type { Runtime } from '#runtime/runtime.ts'
import { run } from './environment.ts'
import { CNI_BINARIES } from './node-network.ts'

/** Holds the namespaces of every pod; built here, so that no registry is needed. */
const PAUSE_IMAGE = 'k8ts.dev/pause:1'

export interface NodeRuntime extends AsyncDisposable {
  readonly runtime: Runtime
  /** Resolves with a sentence when the runtime is gone. */
  readonly ended: Promise<string>
}

const NEVER = new Promise<never>(() => {})

export async function openNodeRuntime(parts: {
  readonly root: string
  readonly cniConfiguration: string
  readonly endpoint: string | undefined
  /** Archives to import into a containerd that is new. */
  readonly imageDirectory?: string | undefined
  readonly log: Log
}): Promise<NodeRuntime> {
  const { root, cniConfiguration, endpoint, imageDirectory, log } = parts
  if (endpoint !== undefined) {
    const socket = endpoint.replace(/^unix:\/\//, '')
    const runtime = await answering(socket)
    if (runtime === undefined)
      throw new OperatorError(
        `no container runtime answers at ${socket}: start it, or leave --container-runtime-endpoint out to have a containerd started`,
      )
    return { runtime, ended: NEVER, [Symbol.asyncDispose]: () => runtime[Symbol.asyncDispose]() }
  }
  const directory = join(root, 'containerd')
  const socket = join(directory, 'containerd.sock')
  const running = existsSync(socket) ? await answering(socket) : undefined
  if (running !== undefined) {
    log.info('containerd of before taken over', { socket })
    return { runtime: running, ended: NEVER, [Symbol.asyncDispose]: () => running[Symbol.asyncDispose]() }
  }
  rmSync(socket, { force: true })
  const importedMark = join(directory, 'images-imported')
  try {
    const containerd = await startContainerd({
      directory,
      cniConfigurationDirectory: cniConfiguration,
      cniBinaryDirectory: CNI_BINARIES.find((d) => existsSync(join(d, 'bridge'))) ?? CNI_BINARIES[0]!,
      sandboxImage: PAUSE_IMAGE,
      clock: systemClock,
      log,
    })
    await importPause(containerd.socket, directory)
    if (imageDirectory !== undefined && !existsSync(importedMark)) await importAll(containerd.socket, imageDirectory, log)
    writeFileSync(importedMark, '')
    return { runtime: containerd.runtime, ended: containerd.ended, [Symbol.asyncDispose]: () => containerd[Symbol.asyncDispose]() }
  } catch (error) {
    if (error instanceof ContainerdUnavailable) throw new OperatorError(error.message, { cause: error })
    throw error
  }
}

async function answering(socket: string): Promise<Runtime | undefined> {
  const runtime = openCriRuntime({ socket, clock: systemClock })
  try {
    await runtime.version()
    return runtime
  } catch {
    await runtime[Symbol.asyncDispose]()
    return undefined
  }
}

async function importPause(socket: string, directory: string): Promise<void> {
  const architecture = process.arch === 'x64' ? 'amd64' : process.arch
  const archive = await buildImage({
    name: PAUSE_IMAGE,
    architecture,
    config: { entrypoint: ['/pause'] },
    files: [{ path: '/pause', mode: 0o755, content: pauseProgram(architecture) }],
  })
  const file = join(directory, 'pause.tar')
  writeFileSync(file, archive)
  await importFile(socket, file)
}

/** The oldest first, so that of two archives with one name the later counts. One that cannot be imported keeps no other from it. */
async function importAll(socket: string, directory: string, log: Log): Promise<void> {
  const files = existsSync(directory) ? readdirSync(directory).filter((f) => f.endsWith('.tar')) : []
  const changed = (file: string) => statSync(file).mtimeMs
  for (const file of files.map((f) => join(directory, f)).toSorted((a, b) => changed(a) - changed(b))) {
    await importFile(socket, file).catch((error: Error) => log.warn('image archive not imported', { file, error: error.message }))
  }
}

async function importFile(socket: string, file: string): Promise<void> {
  await run({ program: 'ctr', words: ['-a', socket, '-n', 'k8s.io', 'images', 'import', '--snapshotter', 'overlayfs', file] })
}
