/** What an image archive says about itself: the names of the images in it, which show that it is one. */

import { gunzipSync } from 'node:zlib'

export interface ImageArchive {
  /** The tar, no longer compressed. */
  readonly bytes: Uint8Array
  /** Sorted; empty when the archive leaves naming to whoever imports it. */
  readonly names: readonly string[]
}

/** Reads an OCI or Docker archive, plain or gzipped; answers undefined for what is neither. */
export function readImageArchive(file: Uint8Array): ImageArchive | undefined {
  try {
    const bytes = file[0] === 0x1f && file[1] === 0x8b ? gunzipSync(file) : file
    const index = member(bytes, 'index.json') as
      | { readonly manifests?: readonly { readonly annotations?: Record<string, string> }[] }
      | undefined
    const manifest = member(bytes, 'manifest.json') as readonly { readonly RepoTags?: readonly string[] | null }[] | undefined
    if (index === undefined && manifest === undefined) return undefined
    const names = [
      ...(index?.manifests ?? []).flatMap(
        ({ annotations: a }) => a?.['io.containerd.image.name'] ?? a?.['org.opencontainers.image.ref.name'] ?? [],
      ),
      ...(manifest ?? []).flatMap((m) => m.RepoTags ?? []),
    ]
    return { bytes, names: [...new Set(names)].toSorted() }
  } catch {
    return undefined // a broken stream, or JSON that is none
  }
}

const BLOCK_BYTES = 512 // a tar is made of these: a header, the content filled up to whole ones, and so on

/** A member of the tar as JSON. Throws when it is not JSON. */
function member(tar: Uint8Array, wanted: string): unknown {
  for (let at = 0; at + BLOCK_BYTES <= tar.length;) {
    const name = text(tar.subarray(at, at + 100)).replace(/^\.\//, '')
    const size = Number.parseInt(text(tar.subarray(at + 124, at + 136)).trim() || '0', 8)
    if (!(size >= 0)) return undefined // no tar
    at += BLOCK_BYTES
    if (name === wanted) return JSON.parse(Buffer.from(tar.subarray(at, at + size)).toString()) as unknown
    at += Math.ceil(size / BLOCK_BYTES) * BLOCK_BYTES
  }
  return undefined
}

function text(field: Uint8Array): string {
  const end = field.indexOf(0)
  return Buffer.from(end < 0 ? field : field.subarray(0, end)).toString('latin1')
}
