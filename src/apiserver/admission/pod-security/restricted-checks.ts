/** The checks that the restricted level adds: what a hardened pod must say of itself. */

import { ownUsers, procMount, seccompProfile } from './baseline-checks.ts'
import { containersOf, namedContainers, plural, quoted, settersText, sorted, type Check, type CheckPod, type PodLike } from './check.ts'
import type { Container } from '#api/core/v1/container.ts'
import type { Volume } from '#api/core/v1/volume.ts'

const VOLUMES = ['configMap', 'csi', 'downwardAPI', 'emptyDir', 'ephemeral', 'persistentVolumeClaim', 'projected', 'secret'] as const
const RESTRICTED_VOLUMES = [
  'hostPath',
  'gcePersistentDisk',
  'awsElasticBlockStore',
  'gitRepo',
  'nfs',
  'iscsi',
  'glusterfs',
  'rbd',
  'flexVolume',
  'cinder',
  'cephfs',
  'flocker',
  'fc',
  'azureFile',
  'vsphereVolume',
  'quobyte',
  'azureDisk',
  'photonPersistentDisk',
  'portworxVolume',
  'scaleIO',
  'storageos',
] as const

/** Sorted by id. */
export const RESTRICTED_CHECKS: readonly Check[] = [
  {
    id: 'allowPrivilegeEscalation',
    versions: [
      [8, allowPrivilegeEscalation],
      [25, ofLinux(allowPrivilegeEscalation)],
    ],
  },
  {
    id: 'capabilities_restricted',
    versions: [
      [22, capabilities],
      [25, ofLinux(capabilities)],
    ],
    overrides: ['capabilities_baseline'],
  },
  { id: 'procMount_restricted', versions: [[35, procMount]], overrides: ['procMount'] },
  { id: 'restrictedVolumes', versions: [[0, restrictedVolumes]], overrides: ['hostPathVolumes'] },
  {
    id: 'runAsNonRoot',
    versions: [
      [0, runAsNonRoot],
      [35, (pod) => (ownUsers(pod) ? undefined : runAsNonRoot(pod))],
    ],
  },
  {
    id: 'runAsUser',
    versions: [
      [23, runAsUser],
      [35, (pod) => (ownUsers(pod) ? undefined : runAsUser(pod))],
    ],
  },
  {
    id: 'seccompProfile_restricted',
    versions: [
      [19, seccompProfileWanted],
      [25, ofLinux(seccompProfileWanted)],
    ],
    overrides: ['seccompProfile_baseline'],
  },
]

/** What Windows does not know cannot be asked of its pods. */
function ofLinux(check: CheckPod): CheckPod {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : check(pod))
}

function allowPrivilegeEscalation(pod: PodLike) {
  const containers = containersOf(pod).filter((c) => c.securityContext?.allowPrivilegeEscalation !== false)
  if (containers.length === 0) return undefined
  return {
    reason: 'allowPrivilegeEscalation != false',
    detail: `${namedContainers(containers)} must set securityContext.allowPrivilegeEscalation=false`,
  }
}

function capabilities(pod: PodLike) {
  const added = (c: Container) => (c.securityContext?.capabilities?.add ?? []).filter((name) => name !== 'NET_BIND_SERVICE')
  const all = containersOf(pod)
  const keeping = all.filter((c) => !c.securityContext?.capabilities?.drop?.includes('ALL'))
  const adding = all.filter((c) => added(c).length > 0)
  const details = [
    ...(keeping.length > 0 ? [`${namedContainers(keeping)} must set securityContext.capabilities.drop=["ALL"]`] : []),
    ...(adding.length > 0
      ? [`${namedContainers(adding)} must not include ${quoted(sorted(adding.flatMap(added)))} in securityContext.capabilities.add`]
      : []),
  ]
  return details.length === 0 ? undefined : { reason: 'unrestricted capabilities', detail: details.join('; ') }
}

function restrictedVolumes({ spec }: PodLike) {
  const bad = (spec.volumes ?? []).filter((volume) => VOLUMES.every((type) => volume[type] === undefined))
  if (bad.length === 0) return undefined
  const typeOf = (volume: Volume) => RESTRICTED_VOLUMES.find((type) => volume[type] !== undefined) ?? 'unknown'
  const types = sorted(bad.map(typeOf))
  const who = `${plural('volume', 'volumes', bad.length)} ${quoted(bad.map((v) => v.name))} ${plural('uses', 'use', bad.length)}`
  return {
    reason: 'restricted volume types',
    detail: `${who} ${plural('restricted volume type', 'restricted volume types', types.length)} ${quoted(types)}`,
  }
}

function runAsNonRoot(pod: PodLike) {
  const ofPod = pod.spec.securityContext?.runAsNonRoot
  const reason = 'runAsNonRoot != true'
  const setters = settersText(
    ofPod === false,
    containersOf(pod).filter((c) => c.securityContext?.runAsNonRoot === false),
  )
  if (setters !== '') return { reason, detail: `${setters} must not set securityContext.runAsNonRoot=false` }
  const silent = ofPod === true ? [] : containersOf(pod).filter((c) => c.securityContext?.runAsNonRoot === undefined)
  return silent.length === 0
    ? undefined
    : { reason, detail: `pod or ${namedContainers(silent)} must set securityContext.runAsNonRoot=true` }
}

function runAsUser(pod: PodLike) {
  const setters = settersText(
    pod.spec.securityContext?.runAsUser === 0,
    containersOf(pod).filter((c) => c.securityContext?.runAsUser === 0),
  )
  return setters === '' ? undefined : { reason: 'runAsUser=0', detail: `${setters} must not set runAsUser=0` }
}

function seccompProfileWanted(pod: PodLike) {
  const bad = seccompProfile(pod)
  if (bad !== undefined || pod.spec.securityContext?.seccompProfile !== undefined) return bad
  const silent = containersOf(pod).filter((c) => c.securityContext?.seccompProfile === undefined)
  if (silent.length === 0) return undefined
  const wanted = 'must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost"'
  return { reason: 'seccompProfile', detail: `pod or ${namedContainers(silent)} ${wanted}` }
}
