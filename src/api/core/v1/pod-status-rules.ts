/** What the status path of a pod refuses: containers that come back to life, and addresses that are none. */

import type { ContainerStatus } from './container-status.ts'
import type { Pod, PodSpec } from './pod.ts'
import { forbidden, invalid, invalidEach, notFound, type FieldError } from '#schema/field-error.ts'
import { dns1123Subdomain, ipAddress } from '#schema/names.ts'

export function podStatusErrors({ spec, status }: Pod, old: Pod): FieldError[] {
  const nominated = status.nominatedNodeName
  return [
    ...(nominated ? invalidEach('status.nominatedNodeName', nominated, dns1123Subdomain(nominated)) : []),
    ...transitionErrors(status.containerStatuses, old.status.containerStatuses, 'status.containerStatuses', old.spec),
    ...transitionErrors(status.initContainerStatuses, old.status.initContainerStatuses, 'status.initContainerStatuses', old.spec),
    ...addressErrors(status.podIPs, 'status.podIPs'),
    ...addressErrors(status.hostIPs, 'status.hostIPs'),
    ...claimErrors(spec, status.resourceClaimStatuses),
  ]
}

/** What has ended for good stays ended; who may start again says the restart policy, the container's before the pod's. */
function transitionErrors(
  statuses: readonly ContainerStatus[] | undefined,
  old: readonly ContainerStatus[] | undefined,
  path: string,
  spec: PodSpec,
): FieldError[] {
  if (spec.restartPolicy === 'Always') return []
  const containers = [...(spec.containers ?? []), ...(spec.initContainers ?? [])]
  return (old ?? []).flatMap(({ name, state }, index) => {
    if (state?.terminated === undefined) return []
    const container = containers.find((c) => c.name === name)
    const policy = container?.restartPolicy ?? spec.restartPolicy
    if (policy === 'Always' || container?.restartPolicyRules?.length) return []
    if (policy === 'OnFailure' && state.terminated.exitCode !== 0) return []
    const revived = statuses?.some((now) => now.name === name && now.state?.terminated === undefined)
    return revived ? [forbidden(`${path}[${index}].state`, 'may not be transitioned to non-terminated state')] : []
  })
}

function addressErrors(addresses: readonly { readonly ip?: string }[] | undefined, path: string): FieldError[] {
  const errors = (addresses ?? []).flatMap(({ ip = '' }, index) => invalidEach(`${path}[${index}]`, ip, ipAddress(ip)))
  if (errors.length > 0 || addresses === undefined || addresses.length < 2) return errors
  const sixes = addresses.filter(({ ip }) => ip?.includes(':')).length
  const both = addresses.length === 2 && sixes === 1
  return both ? [] : [invalid(path, addresses, 'may specify no more than one IP for each IP family')]
}

function claimErrors(spec: PodSpec, claims: readonly { readonly name: string }[] | undefined): FieldError[] {
  const known = new Set((spec.resourceClaims ?? []).map(({ name }) => name))
  return (claims ?? []).flatMap(({ name }, index) =>
    known.has(name) ? [] : [notFound(`status.resourceClaimStatuses[${index}].name`, name)],
  )
}
