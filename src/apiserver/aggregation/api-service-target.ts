/** What API services say of where their group and version are served, and whether that works. */

import type { RemoteServer } from './remote-servers.ts'
import type { APIService } from '#api/apiregistration/v1/api-service.ts'

export type Condition = NonNullable<NonNullable<APIService['status']>['conditions']>[number]

const SERVICE_PORT = 443

/** Undefined for what this server serves itself. */
export function remoteServerOf({ spec }: APIService): RemoteServer | undefined {
  const { service, caBundle, insecureSkipTLSVerify } = spec ?? {}
  if (!service) return undefined
  return {
    namespace: service.namespace ?? '',
    name: service.name ?? '',
    port: service.port ?? SERVICE_PORT,
    insecure: insecureSkipTLSVerify === true,
    ...(caBundle && { ca: Buffer.from(caBundle, 'base64').toString() }),
  }
}

export function isAvailable({ status }: APIService): boolean {
  return status?.conditions?.some((c) => c.type === 'Available' && c.status === 'True') ?? false
}
