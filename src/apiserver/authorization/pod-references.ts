/** What pods and volumes refer to: the node of a pod may read it. */

import type { PersistentVolume } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'

const MIRROR = 'kubernetes.io/config.mirror'

/**
 * Whether a pod gives its node a right to anything. A mirror pod is the node's own work: what it refers to, the node must not thereby
 * gain.
 */
export function givesRights(pod: Pod): boolean {
  return pod.metadata.annotations?.[MIRROR] === undefined
}

export function usesSecret(pod: Pod, name: string): boolean {
  return namesSecret(pod, (named) => named === name)
}

export function usesConfigMap(pod: Pod, name: string): boolean {
  return namesConfigMap(pod, (named) => named === name)
}

/** Whether a Secret the pod refers to is one that is meant. */
export function namesSecret(pod: Pod, meant: (name: string) => boolean): boolean {
  const is = (name: string | undefined) => name !== undefined && meant(name)
  return (
    pod.spec.imagePullSecrets?.some((s) => is(s.name)) === true ||
    containersOf(pod).some(
      (c) => c.env?.some((e) => is(e.valueFrom?.secretKeyRef?.name)) || c.envFrom?.some((e) => is(e.secretRef?.name)),
    ) ||
    volumesOf(pod).some(
      (v) =>
        is(v.secret?.secretName) ||
        v.projected?.sources?.some((s) => is(s.secret?.name)) ||
        is(v.csi?.nodePublishSecretRef?.name) ||
        is(v.azureFile?.secretName) ||
        [v.cephfs, v.cinder, v.flexVolume, v.iscsi, v.rbd, v.scaleIO, v.storageos].some((source) => is(source?.secretRef?.name)),
    )
  )
}

/** Whether a ConfigMap the pod refers to is one that is meant. */
export function namesConfigMap(pod: Pod, meant: (name: string) => boolean): boolean {
  const is = (name: string | undefined) => name !== undefined && meant(name)
  return (
    containersOf(pod).some(
      (c) => c.env?.some((e) => is(e.valueFrom?.configMapKeyRef?.name)) || c.envFrom?.some((e) => is(e.configMapRef?.name)),
    ) || volumesOf(pod).some((v) => is(v.configMap?.name) || v.projected?.sources?.some((s) => is(s.configMap?.name)))
  )
}

export function usesClaim(pod: Pod, name: string): boolean {
  return claimsOf(pod).includes(name)
}

/** Names of the pod's claims for volumes, those made for it included. */
export function claimsOf(pod: Pod): readonly string[] {
  return volumesOf(pod).flatMap(
    (v) => v.persistentVolumeClaim?.claimName ?? (v.ephemeral === undefined ? [] : `${pod.metadata.name}-${v.name}`),
  )
}

/** The claim for devices is named by the pod, or was made for it. */
export function usesDevices({ spec, status }: Pod, name: string): boolean {
  return (
    spec.resourceClaims?.some((c) => c.resourceClaimName === name) === true ||
    status.resourceClaimStatuses?.some((c) => c.resourceClaimName === name) === true ||
    status.extendedResourceClaimStatus?.resourceClaimName === name
  )
}

/** Whether the volume's driver gets this Secret on the node; secrets that only controllers use are none of the node's business. */
export function volumeUsesSecret({ spec }: PersistentVolume, namespace: string, name: string): boolean {
  const home = spec.claimRef?.namespace ?? ''
  const { azureFile, csi } = spec
  if (azureFile?.secretName === name && (azureFile.secretNamespace || home) === namespace) return true
  return [
    spec.cephfs?.secretRef,
    spec.cinder?.secretRef,
    spec.flexVolume?.secretRef,
    spec.iscsi?.secretRef,
    spec.rbd?.secretRef,
    spec.scaleIO?.secretRef,
    spec.storageos?.secretRef,
    csi?.nodePublishSecretRef,
    csi?.nodeStageSecretRef,
    csi?.nodeExpandSecretRef,
  ].some((secret) => secret?.name === name && (secret.namespace || home) === namespace)
}

const containersOf = ({ spec }: Pod) => [...spec.containers, ...(spec.initContainers ?? []), ...(spec.ephemeralContainers ?? [])]
const volumesOf = ({ spec }: Pod) => spec.volumes ?? []
