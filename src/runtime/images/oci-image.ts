/** Builds OCI images without a registry or a daemon: a root file system and a configuration become an archive to import. */

import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { pack } from 'tar-stream'

/** One entry of a root file system. Modes are permission bits; `link` makes a symbolic link to that target. */
export interface ImageFile {
  readonly path: string
  readonly mode: number
  readonly content: Uint8Array | { readonly link: string } | 'directory'
}

export interface ImageConfig {
  readonly entrypoint?: readonly string[]
  readonly cmd?: readonly string[]
  readonly env?: readonly string[]
  readonly workingDir?: string
  readonly user?: string
  readonly exposedPorts?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
}

export interface ImageSpec {
  /** Full reference with tag, as containers will name it: `docker.io/library/web:1`. */
  readonly name: string
  readonly files: readonly ImageFile[]
  readonly config: ImageConfig
  /** Go's name of the processor: amd64 or arm64. */
  readonly architecture: string
}

/** The OCI archive (a tar of the image layout, one layer) that `ctr images import` takes. The same spec gives the same bytes. */
export async function buildImage(spec: ImageSpec): Promise<Uint8Array> {
  const layer = await tar(spec.files.map((f) => ({ ...f, path: f.path.replace(/^\/+/, '') })))
  const layerBlob = gzipSync(layer, { level: 6 })
  const config = json({
    architecture: spec.architecture,
    os: 'linux',
    created: EPOCH,
    config: {
      ...(spec.config.entrypoint && { Entrypoint: spec.config.entrypoint }),
      ...(spec.config.cmd && { Cmd: spec.config.cmd }),
      Env: spec.config.env ?? ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'],
      ...(spec.config.workingDir && { WorkingDir: spec.config.workingDir }),
      ...(spec.config.user && { User: spec.config.user }),
      ...(spec.config.exposedPorts && { ExposedPorts: Object.fromEntries(spec.config.exposedPorts.map((p) => [p, {}])) }),
      ...(spec.config.labels && { Labels: spec.config.labels }),
    },
    rootfs: { type: 'layers', diff_ids: [digest(layer)] },
    history: [{ created: EPOCH, created_by: 'k8ts image build' }],
  })
  const manifest = json({
    schemaVersion: 2,
    mediaType: MANIFEST,
    config: { mediaType: 'application/vnd.oci.image.config.v1+json', digest: digest(config), size: config.length },
    layers: [{ mediaType: 'application/vnd.oci.image.layer.v1.tar+gzip', digest: digest(layerBlob), size: layerBlob.length }],
  })
  const index = json({
    schemaVersion: 2,
    manifests: [
      {
        mediaType: MANIFEST,
        digest: digest(manifest),
        size: manifest.length,
        annotations: { 'io.containerd.image.name': spec.name, 'org.opencontainers.image.ref.name': spec.name },
        platform: { architecture: spec.architecture, os: 'linux' },
      },
    ],
  })
  const blob = (content: Uint8Array): ImageFile => ({
    path: `blobs/sha256/${digest(content).slice('sha256:'.length)}`,
    mode: 0o644,
    content,
  })
  return tar([
    { path: 'oci-layout', mode: 0o644, content: json({ imageLayoutVersion: '1.0.0' }) },
    { path: 'index.json', mode: 0o644, content: index },
    blob(layerBlob),
    blob(config),
    blob(manifest),
  ])
}

/** Completes a short image name as container runtimes do: `web` is `docker.io/library/web:latest`. */
export function normalizeImageName(name: string): string {
  const first = name.split('/')[0]!
  const hasHost = name.includes('/') && (/[.:]/.test(first) || first === 'localhost')
  const full = hasHost ? name : name.includes('/') ? `docker.io/${name}` : `docker.io/library/${name}`
  return full.includes('@') || /:[^/]+$/.test(full) ? full : `${full}:latest`
}

const EPOCH = '1970-01-01T00:00:00Z' // images are the same whenever they are built
const MANIFEST = 'application/vnd.oci.image.manifest.v1+json'

function json(value: unknown): Uint8Array {
  return Buffer.from(JSON.stringify(value))
}

function digest(content: Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`
}

async function tar(files: readonly ImageFile[]): Promise<Buffer> {
  const archive = pack()
  const chunks: Buffer[] = []
  archive.on('data', (chunk: unknown) => chunks.push(chunk as Buffer))
  const done = new Promise<void>((resolve, reject) => {
    archive.on('end', resolve)
    archive.on('error', reject)
  })
  for (const f of files) {
    const header = { name: f.path, mode: f.mode, mtime: new Date(0), uid: 0, gid: 0 }
    if (f.content === 'directory') archive.entry({ ...header, type: 'directory' })
    else if (f.content instanceof Uint8Array) archive.entry(header, Buffer.from(f.content))
    else archive.entry({ ...header, type: 'symlink', linkname: f.content.link })
  }
  archive.finalize()
  await done
  return Buffer.concat(chunks)
}
