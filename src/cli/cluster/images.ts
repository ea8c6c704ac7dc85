/** Bringing image archives into a node's containerd, and the images a new cluster needs before any registry is at hand. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildImage, type ImageSpec } from '#runtime/images/oci-image.ts'
import { OperatorError, type Environment } from '../command.ts'

/** Imports an OCI or Docker archive through the containerd at `socket`, under the names it carries. */
export async function importArchive(environment: Pick<Environment, 'run'>, socket: string, archive: Uint8Array): Promise<void> {
  const directory = mkdtempSync(join(tmpdir(), 'k8ts-image-'))
  try {
    const file = join(directory, 'image.tar')
    writeFileSync(file, archive)
    await environment.run({ program: 'ctr', words: ['-a', socket, '-n', 'k8s.io', 'images', 'import', '--snapshotter', 'overlayfs', file] })
  } finally {
    rmSync(directory, { recursive: true })
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
