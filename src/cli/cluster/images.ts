/** Bringing image archives to a cluster's nodes, for good, and the image a new cluster needs before any registry is at hand. */

import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildImage, type ImageSpec } from '#runtime/images/oci-image.ts'
import { OperatorError, ProgramFailed, type Environment } from '../command.ts'
import { plainly } from '../data-directory.ts'
import { readImageArchive } from './image-archive.ts'
import type { ClusterRecord } from './record.ts'

/** Where a cluster keeps the archives its nodes were given: nodes are made anew by each `up`, and import what lies here as they start. */
export function imageDirectory(dataDirectory: string): string {
  return join(dataDirectory, 'images')
}

/**
 * Imports an OCI or Docker archive into every node, under the names it carries, and keeps it for the next life of the cluster in place of an
 * earlier one of the same names. `called` is what errors call it.
 */
export async function bringImage(
  record: ClusterRecord,
  called: string,
  file: Uint8Array,
  environment: Pick<Environment, 'run'>,
): Promise<void> {
  const archive = readImageArchive(file)
  if (archive === undefined)
    throw new OperatorError(`${called} is no image archive: it is no tar with an index.json (OCI) or a manifest.json (Docker)`)
  const directory = imageDirectory(record.dataDirectory)
  const kept = join(
    directory,
    `${createHash('sha256')
      .update(archive.names.join('\n') || archive.bytes)
      .digest('hex')
      .slice(0, NAME_LENGTH)}.tar`,
  )
  const fresh = `${kept}.new`
  try {
    store(directory, fresh, archive.bytes)
    for (const node of record.nodes) {
      if (node.runtimeSocket === undefined) continue
      const words = ['-a', node.runtimeSocket, '-n', 'k8s.io', 'images', 'import', '--snapshotter', 'overlayfs', fresh]
      await environment.run({ program: 'ctr', words }).catch((error: unknown) => {
        if (!(error instanceof ProgramFailed)) throw error
        const why = error.message
          .trim()
          .split(/\n|ctr: /)
          .at(-1)
        throw new OperatorError(`${called} cannot be imported into ${node.name}: ${why}`, { cause: error })
      })
    }
    renameSync(fresh, kept)
  } finally {
    rmSync(fresh, { force: true })
  }
}

const NAME_LENGTH = 32 // hex digits

function store(directory: string, file: string, bytes: Uint8Array): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 })
    writeFileSync(file, bytes)
  } catch (error) {
    throw new OperatorError(`cannot keep the image in ${directory}: ${plainly(error)}`, { cause: error })
  }
}

export const DEMO_IMAGE = 'docker.io/library/k8ts-demo:1'

const BUSYBOX_PATHS = ['/bin/busybox', '/usr/bin/busybox']

/** A web server that says which pod answers, made of the machine's static busybox. */
export async function demoImage(architecture: string): Promise<Uint8Array> {
  const busybox = findBusybox()
  const spec: ImageSpec = {
    name: DEMO_IMAGE,
    architecture,
    config: { entrypoint: ['/bin/demo'], exposedPorts: ['8080/tcp'] },
    files: [
      ...['/bin', '/www', '/www/cgi-bin', '/tmp', '/etc'].map(
        (path) => ({ path, mode: path === '/tmp' ? 0o1777 : 0o755, content: 'directory' }) as const,
      ),
      { path: '/bin/busybox', mode: 0o755, content: busybox },
      ...APPLETS.map((name) => ({ path: `/bin/${name}`, mode: 0o777, content: { link: 'busybox' } })),
      { path: '/etc/passwd', mode: 0o644, content: Buffer.from('root:x:0:0:root:/:/bin/sh\n') },
      { path: '/bin/demo', mode: 0o755, content: Buffer.from(DEMO_SCRIPT) },
    ],
  }
  return buildImage(spec)
}

const APPLETS = [
  'sh',
  'httpd',
  'echo',
  'cat',
  'ls',
  'wget',
  'nslookup',
  'ps',
  'sleep',
  'hostname',
  'kill',
  'ip',
  'nc',
  'env',
  'tar',
  'id',
  'mkdir',
  'rm',
  'tail',
  'date',
  'test',
  'true',
  'false',
]

// The server stops at once on TERM; without the trap the first process of a container would ignore it.
const DEMO_SCRIPT = `#!/bin/sh
echo "Hello from $(hostname), a pod of k8ts." > /www/index.html
trap 'kill $server; exit 0' TERM INT
httpd -f -p 8080 -h /www &
server=$!
echo "serving on port 8080"
wait $server
`

function findBusybox(): Uint8Array {
  for (const path of BUSYBOX_PATHS) {
    try {
      return readFileSync(path)
    } catch {
      continue
    }
  }
  throw new OperatorError(
    "the demo image is made of a static busybox, which is not installed: run 'apt-get install busybox-static', or use --no-demo",
  )
}
