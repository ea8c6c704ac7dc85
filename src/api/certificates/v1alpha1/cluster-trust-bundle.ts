/** Declares ClusterTrustBundle in certificates/v1alpha1, where it is as in v1. */

import { clusterTrustBundles as bundles } from '../v1/cluster-trust-bundle.ts'
import { inVersion } from '#schema/in-version.ts'

export const clusterTrustBundles = inVersion('k8s.io.api.certificates.v1', 'v1alpha1')(bundles)
