/** Every pod runs as a service account, whose token it finds mounted. */

import type { AdmissionPlugin } from './admission.ts'
import { foreignDebugSecret, foreignSecret, isBoundToSecrets } from './mountable-secrets.ts'
import { refused } from './refused.ts'
import { namesSecret } from '#apiserver/authorization/pod-references.ts'
import { forbidden } from '#apiserver/endpoints/errors.ts'
import type { Container, VolumeMount } from '#api/core/v1/container.ts'
import { pods, type Pod } from '#api/core/v1/pod.ts'
import type { ServiceAccount } from '#api/core/v1/service-account.ts'
import type { Volume } from '#api/core/v1/volume.ts'
import { sleep, type Clock } from '#base/clock.ts'
import { nameSuffix, type Random } from '#base/random.ts'
import type { KubeObject } from '#schema/resource.ts'

export interface ServiceAccountParts {
  readonly find: (namespace: string, name: string) => Promise<ServiceAccount | undefined>
  readonly clock: Clock
  readonly random: Random
}

const DEFAULT = 'default'
const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const VOLUME_PREFIX = 'kube-api-access-'
const EXPIRATION_SECONDS = 3607 // an hour and a bit, so that it can be told from a chosen hour
const DEFAULT_ACCOUNT_TRIES = 10 // a pod may come right after its namespace, before the controller made the account
const DEFAULT_ACCOUNT_WAIT_MS = 100
const MIRROR = 'kubernetes.io/config.mirror'

export function serviceAccountAdmission(parts: ServiceAccountParts): AdmissionPlugin {
  async function account(pod: Pod, namespace: string, name: string): Promise<ServiceAccount> {
    const tries = name === DEFAULT ? DEFAULT_ACCOUNT_TRIES : 1
    for (let i = 0; i < tries; i++) {
      if (i > 0) await sleep(parts.clock, DEFAULT_ACCOUNT_WAIT_MS * (1 + parts.random.next()))
      const found = await parts.find(namespace, name)
      if (found) return found
    }
    throw forbidden(
      pods,
      pod.metadata.name ?? '',
      `error looking up service account ${namespace}/${name}: serviceaccount ${JSON.stringify(name)} not found`,
    )
  }

  return {
    name: 'ServiceAccount',
    operations: ['CREATE', 'UPDATE'],
    async admit({ operation, resource, subresource, object, namespace }) {
      if (operation !== 'CREATE' || resource.group !== '' || resource.plural !== 'pods' || subresource !== '') return undefined
      const pod = object as unknown as Pod
      if (pod.metadata.annotations?.[MIRROR] !== undefined) {
        refuseMirror(pod)
        return undefined
      }
      const name = pod.spec.serviceAccountName || DEFAULT
      const found = await account(pod, namespace, name)
      const named = { ...pod, spec: { ...pod.spec, serviceAccountName: name, serviceAccount: name } } as Pod
      const mounts = pod.spec.automountServiceAccountToken ?? found.automountServiceAccountToken ?? true
      const mounted = mounts ? withToken(named, parts.random) : named
      const secrets = found.imagePullSecrets ?? []
      const pulls =
        pod.spec.imagePullSecrets?.length || secrets.length === 0
          ? mounted
          : { ...mounted, spec: { ...mounted.spec, imagePullSecrets: secrets } }
      return pulls as unknown as KubeObject
    },
    async validate(request) {
      const { operation, resource, subresource, object, namespace } = request
      if (resource.group !== '' || resource.plural !== 'pods') return
      const isNew = operation === 'CREATE' && subresource === ''
      if (!isNew && !(operation === 'UPDATE' && subresource === 'ephemeralcontainers')) return
      const pod = object as unknown as Pod
      if (pod.metadata.annotations?.[MIRROR] !== undefined) return refuseMirror(pod)
      const found = await account(pod, namespace, pod.spec.serviceAccountName || DEFAULT)
      if (!isBoundToSecrets(found)) return
      const foreign = isNew ? foreignSecret(pod, found) : foreignDebugSecret(pod, found)
      if (foreign !== undefined) throw refused(request, foreign)
    },
  }
}

/** A mirror pod stands for one that a kubelet runs by itself, without the API. */
function refuseMirror(pod: Pod): void {
  const { name } = pod.metadata
  if (pod.spec.serviceAccountName) throw forbidden(pods, name, 'a mirror pod may not reference service accounts')
  if (namesSecret(pod, () => true)) throw forbidden(pods, name, 'a mirror pod may not reference secrets')
  for (const volume of pod.spec.volumes ?? [])
    if (volume.projected?.sources?.some((s) => s.serviceAccountToken))
      throw forbidden(pods, name, 'a mirror pod may not use ServiceAccountToken volume projections')
}

function withToken(pod: Pod, random: Random): Pod {
  const volumes = pod.spec.volumes ?? []
  const present = volumes.find((v) => v.name.startsWith(VOLUME_PREFIX))
  const name = present?.name ?? freeName(new Set(volumes.map((v) => v.name)), random)
  const mount: VolumeMount = { name, readOnly: true, mountPath: MOUNT_PATH }
  let used = false
  const mounted = (list: readonly Container[]) =>
    list.map((container) => {
      const mounts = container.volumeMounts ?? []
      if (mounts.some((m) => m.mountPath === MOUNT_PATH)) return container
      used = true
      return { ...container, volumeMounts: [...mounts, mount] }
    })
  const containers = mounted(pod.spec.containers)
  const initContainers = pod.spec.initContainers && mounted(pod.spec.initContainers)
  const spec = { ...pod.spec, containers, ...(initContainers && { initContainers }) }
  return { ...pod, spec: used && present === undefined ? { ...spec, volumes: [...volumes, tokenVolume(name)] } : spec } as Pod
}

function freeName(taken: ReadonlySet<string>, random: Random): string {
  for (;;) {
    const name = VOLUME_PREFIX + nameSuffix(random)
    if (!taken.has(name)) return name
  }
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { expirationSeconds: EXPIRATION_SECONDS, path: 'token' } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        { downwardAPI: { items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }] } },
      ],
    },
  }
}
