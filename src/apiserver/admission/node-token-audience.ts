/** For whom a kubelet may have tokens: the audiences that the pod's volumes want, and those it was given a right to. */

import type { NodeRestrictionParts } from './node-restriction.ts'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import { persistentVolumeClaims } from '#api/core/v1/persistent-volume-claim.ts'
import { persistentVolumes } from '#api/core/v1/persistent-volume.ts'
import type { Pod } from '#api/core/v1/pod.ts'
import { csiDrivers } from '#api/storage/v1/csi-driver.ts'
import { claimsOf } from '#apiserver/authorization/pod-references.ts'
import { NOTHING_SAID } from '#apiserver/request-context.ts'

const VERB = 'request-serviceaccounts-token-audience'

export interface WantedToken {
  readonly pod: Pod
  readonly account: { readonly namespace: string; readonly name: string }
  readonly user: UserInfo
}

/** Undefined when the token may be had. No audience means the API server's. */
export async function audienceRefusal(
  audiences: readonly string[],
  { pod, account, user }: WantedToken,
  { objects, authorizer }: NodeRestrictionParts,
): Promise<string | undefined> {
  if (audiences.length > 1) return 'node may only request 0 or 1 audiences'
  const audience = audiences[0] ?? ''
  if (volumesWant(pod, audience, objects)) return undefined
  const { namespace, name } = account
  const asked = { verb: VERB, version: 'v1', resource: audience, namespace, name }
  const decision = await authorizer.authorize({ user, info: { ...NOTHING_SAID, isResourceRequest: true, ...asked } })
  if (decision.type === 'allow') return undefined
  return `audience ${JSON.stringify(audience)} not found in pod spec volume, ${user.username ?? ''} is not authorized to request tokens for this audience`
}

function volumesWant(pod: Pod, audience: string, objects: NodeRestrictionParts['objects']): boolean {
  const volumes = pod.spec.volumes ?? []
  if (volumes.some((v) => v.projected?.sources?.some((s) => s.serviceAccountToken && (s.serviceAccountToken.audience ?? '') === audience)))
    return true
  const namespace = pod.metadata.namespace ?? ''
  const claimed = claimsOf(pod).map((name) => {
    const volume = objects.cached(persistentVolumeClaims, namespace, name)?.spec.volumeName
    return volume && objects.cached(persistentVolumes, '', volume)?.spec.csi?.driver
  })
  return [...volumes.map((v) => v.csi?.driver), ...claimed].some(
    (driver) => driver && objects.cached(csiDrivers, '', driver)?.spec.tokenRequests?.some((t) => t.audience === audience),
  )
}
