/** The rules of volumes that come from a driver of some storage. What must not be empty is the declaration's to blame. */

import { localPathErrors } from './path-rules.ts'
import { driverNameErrors } from './persistent-volume-rules.ts'
import type {
  AzureDiskVolumeSource,
  FCVolumeSource,
  FlockerVolumeSource,
  ISCSIVolumeSource,
  QuobyteVolumeSource,
  Volume,
} from './volume.ts'
import { invalid, invalidEach, notSupported, required, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, inRange } from '#schema/names.ts'

const TENANT_LENGTH_MAX = 64
const PORTAL_LENGTH_MAX = 64

export function driverErrors(volume: Volume, source: string, path: string): FieldError[] {
  const at = `${path}.${source}`
  switch (source) {
    case 'gitRepo':
      return localPathErrors(volume.gitRepo!.directory ?? '', `${at}.directory`)
    case 'gcePersistentDisk':
      return partitionErrors(volume.gcePersistentDisk!.partition, `${path}.persistentDisk.partition`)
    case 'awsElasticBlockStore':
      return partitionErrors(volume.awsElasticBlockStore!.partition, `${at}.partition`)
    case 'nfs':
      return (volume.nfs!.path ?? '').startsWith('/') ? [] : [invalid(`${at}.path`, volume.nfs!.path ?? '', 'must be an absolute path')]
    case 'iscsi':
      return iscsiErrors(volume.iscsi!, at, path, volume.name ?? '')
    case 'flocker':
      return flockerErrors(volume.flocker!, at)
    case 'cinder':
      return secretErrors(volume.cinder!.secretRef, `${at}.secretRef`)
    case 'quobyte':
      return quobyteErrors(volume.quobyte!, at)
    case 'fc':
      return fcErrors(volume.fc!, at)
    case 'flexVolume':
      return Object.keys(volume.flexVolume!.options ?? {}).flatMap((key) =>
        isReserved(key) ? [invalid(`${at}.options[${key}]`, key, 'kubernetes.io and k8s.io namespaces are reserved')] : [],
      )
    case 'azureDisk':
      return azureDiskErrors(volume.azureDisk!, at)
    case 'storageos': {
      const { volumeName, volumeNamespace, secretRef } = volume.storageos!
      return [
        ...(volumeName ? invalidEach(`${at}.volumeName`, volumeName, dns1123Label(volumeName)) : [required(`${at}.volumeName`)]),
        ...(volumeNamespace ? invalidEach(`${at}.volumeNamespace`, volumeNamespace, dns1123Label(volumeNamespace)) : []),
        ...secretErrors(secretRef, `${at}.secretRef`),
      ]
    }
    case 'scaleIO':
      return volume.scaleIO!.volumeName ? [] : [required(`${at}.volumeName`)]
    case 'csi': {
      const { driver, nodePublishSecretRef: secret } = volume.csi!
      const name = secret?.name
      return [
        ...(driver ? driverNameErrors(driver, `${at}.driver`) : []),
        ...secretErrors(secret, `${at}.nodePublishSecretRef`),
        ...(name ? invalidEach(`${at}.name`, name, dns1123Subdomain(name)) : []),
      ]
    }
    default:
      return []
  }
}

function secretErrors(reference: { readonly name?: string } | undefined, path: string): FieldError[] {
  return reference !== undefined && !reference.name ? [required(`${path}.name`)] : []
}

/** Nothing is partition 0, though the words of the refusal say otherwise. */
function partitionErrors(partition: number | undefined, path: string): FieldError[] {
  return partition !== undefined && inRange(partition, 0, 255).length > 0 ? invalidEach(path, partition, inRange(0, 1, 255)) : []
}

const INITIATORS: Readonly<Record<string, RegExp>> = {
  iqn: /iqn\.\d{4}-\d{2}\.([A-Za-z0-9-.]+)(:[^,;*&$|\s]+)$/,
  eui: /^eui.[A-Za-z0-9]{16}$/,
  naa: /^naa.[A-Za-z0-9]{32}$/,
}

function iscsiErrors(iscsi: ISCSIVolumeSource, at: string, path: string, name: string): FieldError[] {
  const { iqn, lun = 0, initiatorName, targetPortal = '' } = iscsi
  const errors: FieldError[] = []
  if (iqn) errors.push(...initiatorErrors(iqn, `${at}.iqn`))
  errors.push(...invalidEach(`${at}.lun`, lun, inRange(lun, 0, 255)))
  if ((iscsi.chapAuthDiscovery || iscsi.chapAuthSession) && !iscsi.secretRef) errors.push(required(`${at}.secretRef`))
  if (initiatorName !== undefined) {
    errors.push(...initiatorErrors(initiatorName, `${at}.initiatorname`))
    if (`${name}:${targetPortal}`.length > PORTAL_LENGTH_MAX)
      errors.push(
        invalid(
          `${path}.name`,
          name,
          'Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.',
        ),
      )
  }
  return errors
}

function initiatorErrors(text: string, path: string): FieldError[] {
  const pattern = INITIATORS[text.slice(0, 3)]
  if (pattern === undefined) return [invalid(path, text, 'must be valid format starting with iqn, eui, or naa')]
  return pattern.test(text) ? [] : [invalid(path, text, 'must be valid format')]
}

function flockerErrors({ datasetName = '', datasetUUID = '' }: FlockerVolumeSource, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (datasetName === '' && datasetUUID === '') errors.push(required(at, 'one of datasetName and datasetUUID is required'))
  if (datasetName !== '' && datasetUUID !== '')
    errors.push(invalid(at, 'resource', 'datasetName and datasetUUID can not be specified simultaneously'))
  if (datasetName.includes('/')) errors.push(invalid(`${at}.datasetName`, datasetName, "must not contain '/'"))
  return errors
}

function quobyteErrors({ registry, tenant = '' }: QuobyteVolumeSource, at: string): FieldError[] {
  if (!registry) return []
  if (tenant.length > TENANT_LENGTH_MAX) return [required(`${at}.tenant`, 'must be a UUID and may not exceed a length of 64 characters')]
  return registry
    .split(',')
    .filter((pair) => !/^(\[[^\]]*\]|[^:[\]]*):[^:[\]]*$/.test(pair))
    .map(() => invalid(`${at}.registry`, registry, 'must be a host:port pair or multiple pairs separated by commas'))
}

function fcErrors({ targetWWNs = [], wwids = [], lun }: FCVolumeSource, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (targetWWNs.length === 0 && wwids.length === 0)
    errors.push(required(`${at}.targetWWNs`, 'must specify either targetWWNs or wwids, but not both'))
  if (targetWWNs.length > 0 && wwids.length > 0)
    errors.push(invalid(`${at}.targetWWNs`, targetWWNs, 'targetWWNs and wwids can not be specified simultaneously'))
  if (targetWWNs.length === 0) return errors
  if (lun === undefined) return [...errors, required(`${at}.lun`, 'lun is required if targetWWNs is specified')]
  return [...errors, ...invalidEach(`${at}.lun`, lun, inRange(lun, 0, 255))]
}

function isReserved(option: string): boolean {
  const namespace = `.${option.split('/', 1)[0]!.toLowerCase()}`
  return namespace.endsWith('.kubernetes.io') || namespace.endsWith('.k8s.io')
}

const CACHING_MODES = ['None', 'ReadOnly', 'ReadWrite']
const DISK_KINDS = ['Dedicated', 'Managed', 'Shared']
const MANAGED_URI = '/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}'
const BLOB_URI = 'https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd'

function azureDiskErrors({ cachingMode, kind, diskURI = '' }: AzureDiskVolumeSource, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (cachingMode !== undefined && !CACHING_MODES.includes(cachingMode))
    errors.push(notSupported(`${at}.cachingMode`, cachingMode, CACHING_MODES))
  if (kind !== undefined && !DISK_KINDS.includes(kind)) errors.push(notSupported(`${at}.kind`, kind, DISK_KINDS))
  if (kind === 'Managed' && !diskURI.startsWith('/subscriptions/')) errors.push(notSupported(`${at}.diskURI`, diskURI, [MANAGED_URI]))
  if (kind !== undefined && kind !== 'Managed' && !diskURI.startsWith('https://'))
    errors.push(notSupported(`${at}.diskURI`, diskURI, [BLOB_URI]))
  return errors
}
