/** Declares LeaseCandidate in coordination/v1alpha2, where it is as in v1beta1. */

import { leaseCandidates as candidates } from '../v1beta1/lease-candidate.ts'
import { inVersion } from '#schema/in-version.ts'

export const leaseCandidates = inVersion('k8s.io.api.coordination.v1beta1', 'v1alpha2')(candidates)
