/** Images are pulled for every pod, so that nobody runs one that others may see and they may not. */

import type { AdmissionPlugin, AdmissionRequest } from './admission.ts'
import { refused } from './refused.ts'
import { podOf, withSpec } from './requested.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import type { Volume } from '#api/core/v1/volume.ts'
import { notSupported } from '#schema/field-error.ts'

const LISTS = ['initContainers', 'containers', 'ephemeralContainers'] as const

export const alwaysPullImages: AdmissionPlugin = {
  name: 'AlwaysPullImages',
  operations: ['CREATE', 'UPDATE'],
  admit(request) {
    const pod = lookedAt(request)
    if (pod === undefined) return undefined
    const always = (list: readonly Container[]) => list.map((c) => ({ ...c, imagePullPolicy: 'Always' as const }))
    const pulled = (volume: Volume) => (volume.image ? { ...volume, image: { ...volume.image, pullPolicy: 'Always' } } : volume)
    return withSpec(pod, {
      ...Object.fromEntries(LISTS.flatMap((list) => (pod.spec[list] ? [[list, always(pod.spec[list] as readonly Container[])]] : []))),
      ...(pod.spec.volumes && { volumes: pod.spec.volumes.map(pulled) }),
    })
  },
  validate(request) {
    const pod = lookedAt(request)
    if (pod === undefined) return
    const wrong = [
      ...LISTS.flatMap((list) =>
        ((pod.spec[list] ?? []) as readonly Container[]).map((c, i) => [`spec.${list}[${i}].imagePullPolicy`, c.imagePullPolicy] as const),
      ),
      ...(pod.spec.volumes ?? []).flatMap((v, i) =>
        v.image ? [[`spec.volumes[${i}].image.pullPolicy`, v.image.pullPolicy] as const] : [],
      ),
    ].filter(([, policy]) => policy !== 'Always')
    if (wrong.length === 0) return
    const texts = wrong.map(([path, policy]) => refused(request, notSupported(path, policy ?? '', ['Always']).message).message)
    throw refused(
      request,
      wrong.length === 1 ? notSupported(wrong[0]![0], wrong[0]![1] ?? '', ['Always']).message : `[${texts.join(', ')}]`,
    )
  },
}

/** Pods whose images stay what they were keep their policies: they cannot be changed. */
function lookedAt(request: AdmissionRequest): Pod | undefined {
  const { resource, subresource, operation, object, oldObject } = request
  const pod = subresource === 'ephemeralcontainers' && resource.plural === 'pods' ? (object as unknown as Pod) : podOf(request)
  if (pod === undefined || operation !== 'UPDATE' || oldObject === undefined) return pod
  const images = ({ spec }: Pod) => [
    ...LISTS.flatMap((list) => ((spec[list] ?? []) as readonly Container[]).map((c) => c.image)),
    ...(spec.volumes ?? []).flatMap((v) => (v.image ? [v.image.reference] : [])),
  ]
  const before = new Set(images(oldObject as unknown as Pod))
  return images(pod).every((image) => before.has(image)) ? undefined : pod
}
