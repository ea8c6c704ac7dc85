/** Makes sure a container's image is on the node, by its pull policy, with credentials and a growing pause after failures. */

import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Clock } from '#base/clock.ts'
import type { Credentials, Image, Runtime, SandboxConfig } from '#runtime/runtime.ts'
import { BackOff } from '../pod/back-off.ts'
import type { StartFailure } from '../pod/container-statuses.ts'
import type { ObjectReader } from './environment.ts'
import { pullCredentials, registryOf } from './pull-credentials.ts'
import { createPulledImages, type PullRecord } from './pulled-images.ts'

export type PullEvent = (type: 'Normal' | 'Warning', reason: string, message: string) => void

export interface ImagePuller {
  /** The image, or why the container waits. */
  ensure(
    pod: Pod,
    container: Container,
    sandbox: SandboxConfig,
    event: PullEvent,
  ): Promise<{ readonly image: Image } | { readonly failure: StartFailure; readonly retryMs: number }>
  forget(uid: string): void
}

export function createImagePuller({
  runtime,
  clock,
  objects,
  record = { read: () => '', write() {} },
}: {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly objects: ObjectReader
  readonly record?: PullRecord
}): ImagePuller {
  const pulled = createPulledImages(record)
  const backOff = new BackOff()
  const lastError = new Map<string, string>()
  const pulling = new Map<string, Promise<Image>>() // one pull of an image at a time, shared by all that want it
  return {
    async ensure(pod, container, sandbox, event) {
      const wanted = container.image ?? ''
      const reference = withTag(wanted)
      const quoted = JSON.stringify(wanted)
      const policy = container.imagePullPolicy ?? (reference.endsWith(':latest') ? 'Always' : 'IfNotPresent')
      const wrong = malformed(wanted)
      if (wrong !== undefined) {
        const message = `Failed to apply default image tag ${quoted}: couldn't parse image name ${quoted}: ${wrong}`
        event('Warning', 'InspectFailed', message)
        return { failure: { reason: 'InvalidImageName', message }, retryMs: 60_000 }
      }
      const present = await runtime.images.status(reference)
      const { logins, missing } = await pullCredentials(pod, reference, objects)
      if (present !== undefined && policy !== 'Always' && pulled.mayUse(reference, present.id, logins)) {
        event('Normal', 'Pulled', `Container image ${quoted} already present on machine and can be accessed by the pod`)
        return { image: present }
      }
      if (policy === 'Never') {
        const message =
          present === undefined
            ? `Container image ${quoted} is not present with pull policy of Never`
            : `Container image ${quoted} is present, but was pulled with credentials the pod does not have, with pull policy of Never`
        event('Warning', 'ErrImageNeverPull', message)
        return { failure: { reason: 'ErrImageNeverPull', message }, retryMs: 60_000 }
      }
      const key = `${pod.metadata.uid}_${wanted}`
      const wait = backOff.remainingSinceLast(key, clock.now())
      if (wait > 0) {
        event('Normal', 'BackOff', `Back-off pulling image ${quoted}`)
        const last = lastError.get(key)
        return {
          failure: {
            reason: 'ImagePullBackOff',
            message: `Back-off pulling image ${quoted}${last === undefined ? '' : `: ErrImagePull: ${last}`}`,
          },
          retryMs: wait,
        }
      }
      if (missing.length > 0)
        event(
          'Warning',
          'FailedToRetrieveImagePullSecret',
          `Unable to retrieve some image pull secrets (${missing.join(', ')}); attempting to pull the image may not succeed.`,
        )
      event('Normal', 'Pulling', `Pulling image ${quoted}`)
      const begun = clock.monotonic()
      try {
        const image = await pullOnce(reference, logins, sandbox)
        const took = goDuration(clock.monotonic() - begun)
        event(
          'Normal',
          'Pulled',
          `Successfully pulled image ${quoted} in ${took} (${took} including waiting). Image size: ${image.sizeBytes} bytes.`,
        )
        lastError.delete(key)
        return { image }
      } catch (error) {
        const { message } = error as Error
        event('Warning', 'Failed', `Failed to pull image ${quoted}: ${message}`)
        backOff.next(key, clock.now())
        lastError.set(key, message)
        return { failure: { reason: 'ErrImagePull', message }, retryMs: Math.min(backOff.remainingSinceLast(key, clock.now()), 10_000) }
      }
    },
    forget(uid) {
      backOff.forget(`${uid}_`)
      for (const key of lastError.keys()) if (key.startsWith(`${uid}_`)) lastError.delete(key)
    },
  }

  function pullOnce(reference: string, logins: readonly Credentials[], sandbox: SandboxConfig): Promise<Image> {
    const shareKey = JSON.stringify([reference, logins])
    let pull = pulling.get(shareKey)
    if (pull === undefined) {
      pull = pullWithOneOf(reference, logins.length === 0 ? [undefined] : logins, sandbox).finally(() => pulling.delete(shareKey))
      pulling.set(shareKey, pull)
    }
    return pull
  }

  async function pullWithOneOf(reference: string, logins: readonly (Credentials | undefined)[], sandbox: SandboxConfig): Promise<Image> {
    let failed: unknown
    pulled.begin(reference)
    for (const login of logins) {
      try {
        await runtime.images.pull(reference, login, sandbox)
        const [image, all] = await Promise.all([runtime.images.status(reference), runtime.images.list()])
        if (image === undefined) throw new Error(`image ${JSON.stringify(reference)} was pulled but cannot be found`)
        const present = all.map((i) => i.id)
        pulled.finish(reference, image.id, login, present)
        return image
      } catch (error) {
        failed = error
      }
    }
    pulled.abandon(reference)
    throw failed
  }
}

export function withTag(reference: string): string {
  const last = reference.slice(reference.lastIndexOf('/') + 1)
  return last.includes(':') || last.includes('@') ? reference : `${reference}:latest`
}

/** What is wrong with a reference, in the words of the reference parser. */
function malformed(reference: string): string | undefined {
  const [name = ''] = reference.split('@')
  const tag = name.lastIndexOf(':') > name.lastIndexOf('/') ? name.lastIndexOf(':') : name.length
  const parts = name.slice(0, tag).split('/')
  const path = registryOf(reference) === parts[0] ? parts.slice(1) : parts
  const text = path.length === 1 && parts.length === 1 ? `library/${path[0]}` : path.join('/')
  if (text !== text.toLowerCase()) return `invalid reference format: repository name (${text}) must be lowercase`
  const wellFormed =
    path.length > 0 &&
    path.every((p) => /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/.test(p)) &&
    /^(:[\w][\w.-]{0,127})?$/.test(name.slice(tag))
  return wellFormed ? undefined : 'invalid reference format'
}

/** Go's text of a duration with milliseconds: 512ms, 1.234s, 1m2.5s. */
export function goDuration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)}ms`
  const seconds = Math.round(ms) / 1000
  if (seconds < 60) return `${seconds}s`
  return `${Math.floor(seconds / 60)}m${Math.round((seconds % 60) * 1000) / 1000}s`
}
