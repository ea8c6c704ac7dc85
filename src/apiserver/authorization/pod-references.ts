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
  return (
    pod.spec.imagePullSecrets?.some((s) => s.name === name) === true ||
    containersOf(pod).some(
      (c) => c.env?.some((e) => e.valueFrom?.secretKeyRef?.name === name) || c.envFrom?.some((e) => e.secretRef?.name === name),
    ) ||
    volumesOf(pod).some(
      (v) =>
        v.secret?.secretName === name ||
        v.projected?.sources?.some((s) => s.secret?.name === name) ||
        v.csi?.nodePublishSecretRef?.name === name ||
        v.azureFile?.secretName === name ||
        [v.cephfs, v.cinder, v.flexVolume, v.iscsi, v.rbd, v.scaleIO, v.storageos].some((source) => source?.secretRef?.name === name),
    )
  )
}

export function usesConfigMap(pod: Pod, name: string): boolean {
  return (
    containersOf(pod).some(
      (c) => c.env?.some((e) => e.valueFrom?.configMapKeyRef?.name === name) || c.envFrom?.some((e) => e.configMapRef?.name === name),
    ) || volumesOf(pod).some((v) => v.configMap?.name === name || v.projected?.sources?.some((s) => s.configMap?.name === name))
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
