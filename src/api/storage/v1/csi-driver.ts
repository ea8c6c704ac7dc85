/** Declares CSIDriver (storage/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { driverDefaults, driverErrors, driverUpdateErrors } from './storage-rules.ts'
import { bool, int64, list, message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { ageColumn, nameColumn } from '#schema/table.ts'

export class TokenRequest extends message(
  'k8s.io.api.storage.v1.TokenRequest',
  {
    audience: req(1, string, { doc: 'Whom the token is for; empty for the API server.', mayBeEmpty: true }),
    expirationSeconds: opt(2, int64(), { doc: 'Seconds it lasts, at least 600. 3600 (1 hour) by default.', keepsZero: true }),
  },
  { doc: 'A service account token a driver wants.' },
) {}

export class CSIDriverSpec extends message(
  'k8s.io.api.storage.v1.CSIDriverSpec',
  {
    attachRequired: opt(1, bool, {
      doc: 'Whether volumes must be attached before mounting; cannot be changed. True by default.',
      keepsZero: true,
    }),
    podInfoOnMount: opt(2, bool, { doc: 'Whether to tell the driver about the pod on mounting. False by default.', keepsZero: true }),
    volumeLifecycleModes: opt(3, list(string, { listType: 'set' }), {
      doc: 'Persistent (the default), Ephemeral or both; cannot be changed.',
    }),
    storageCapacity: opt(4, bool, {
      doc: 'Whether the scheduler looks at CSIStorageCapacity objects of the driver. False by default.',
      keepsZero: true,
    }),
    fsGroupPolicy: opt(5, string, {
      doc: 'Whether to change owners in volumes: ReadWriteOnceWithFSType (the default), File or None.',
      keepsZero: true,
    }),
    tokenRequests: opt(6, list(TokenRequest, { listType: 'atomic' }), {
      doc: 'Service account tokens of the pod that the driver gets on mounting.',
    }),
    requiresRepublish: opt(7, bool, {
      doc: "Whether to call the driver's publish again and again, as tokens change. False by default.",
      keepsZero: true,
    }),
    seLinuxMount: opt(8, bool, { doc: 'Whether it can mount with an SELinux label. False by default.', keepsZero: true }),
    nodeAllocatableUpdatePeriodSeconds: opt(9, int64(), {
      doc: "Seconds between updates of the CSINode's counts, at least 10. No such updates by default.",
      keepsZero: true,
    }),
    serviceAccountTokenInSecrets: opt(10, bool, {
      doc: 'Whether tokens come as secrets rather than in the volume context. False by default.',
      keepsZero: true,
    }),
    preventPodSchedulingIfMissing: opt(11, bool, {
      doc: 'Whether pods with its volumes keep off nodes without the driver. False by default.',
      keepsZero: true,
    }),
  },
  { doc: 'What a CSI driver can do and wants.' },
) {}

export class CSIDriver extends object(
  'k8s.io.api.storage.v1.CSIDriver',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, CSIDriverSpec, { doc: 'What it can do and wants.' }),
  },
  { doc: 'What a CSI driver can do and wants.' },
) {}

export const csiDrivers = resource(CSIDriver, {
  group: 'storage.k8s.io',
  version: 'v1',
  kind: 'CSIDriver',
  plural: 'csidrivers',
  scope: 'Cluster',
  columns: [
    nameColumn,
    {
      name: 'AttachRequired',
      type: 'boolean',
      description: 'Whether volumes must be attached first.',
      cell: (d) => d.spec?.attachRequired ?? true,
    },
    {
      name: 'PodInfoOnMount',
      type: 'boolean',
      description: 'Whether it is told about the pod.',
      cell: (d) => d.spec?.podInfoOnMount ?? false,
    },
    {
      name: 'StorageCapacity',
      type: 'boolean',
      description: 'Whether it tells how much room is left.',
      cell: (d) => d.spec?.storageCapacity ?? false,
    },
    {
      name: 'TokenRequests',
      type: 'string',
      description: 'Whom its tokens are for.',
      cell: (d) => d.spec?.tokenRequests?.map((t) => t.audience ?? '').join(',') ?? '<unset>',
    },
    {
      name: 'RequiresRepublish',
      type: 'boolean',
      description: 'Whether it is called again and again.',
      cell: (d) => d.spec?.requiresRepublish ?? false,
    },
    {
      name: 'Modes',
      type: 'string',
      description: 'What volumes it has.',
      cell: (d) => d.spec?.volumeLifecycleModes?.join(',') ?? '<none>',
    },
    ageColumn,
  ],
})

rulesFor(CSIDriverSpec, { defaults: driverDefaults })
rulesFor(CSIDriver, { check: driverErrors, checkUpdate: driverUpdateErrors })
