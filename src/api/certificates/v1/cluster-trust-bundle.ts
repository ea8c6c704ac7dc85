/** Declares ClusterTrustBundle (certificates/v1). */

import { bundleErrors, bundleUpdateErrors } from './cluster-trust-bundle-rules.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { message, opt, req, rulesFor, string, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'
import { nameColumn } from '#schema/table.ts'

export class ClusterTrustBundleSpec extends message(
  'k8s.io.api.certificates.v1.ClusterTrustBundleSpec',
  {
    signerName: opt(1, string, { doc: 'Signer whose certificates these anchors prove; cannot be changed. Any when absent.' }),
    trustBundle: req(2, string, { doc: 'X.509 trust anchors in PEM; their order means nothing.', mayBeEmpty: true }),
  },
  { doc: 'Anchors, and whose they are.' },
) {}

export class ClusterTrustBundle extends object(
  'k8s.io.api.certificates.v1.ClusterTrustBundle',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: req(2, ClusterTrustBundleSpec, { doc: 'Anchors, and whose they are.' }),
  },
  { doc: 'X.509 trust anchors for the whole cluster to read.' },
) {}

export const clusterTrustBundles = resource(ClusterTrustBundle, {
  group: 'certificates.k8s.io',
  version: 'v1',
  kind: 'ClusterTrustBundle',
  plural: 'clustertrustbundles',
  scope: 'Cluster',
  columns: [
    nameColumn,
    {
      name: 'SignerName',
      type: 'string',
      description: 'Whose certificates the anchors prove.',
      cell: (b) => b.spec?.signerName || '<none>',
    },
  ],
  // What the name must be depends on the signer: the check of the kind says it.
  nameProblems: () => [],
  selectable: { 'spec.signerName': (b) => b.spec?.signerName ?? '' },
})

rulesFor(ClusterTrustBundle, { check: bundleErrors, checkUpdate: bundleUpdateErrors })
