/** Declares the kinds of resource/v1beta2, which are as in v1. */

import { deviceClasses as classes } from '../v1/device-class.ts'
import { deviceTaintRules as taintRules } from '../v1/device-taint-rule.ts'
import { resourceClaimTemplates as templates } from '../v1/resource-claim-template.ts'
import { resourceClaims as claims } from '../v1/resource-claim.ts'
import { resourceSlices as slices } from '../v1/resource-slice.ts'
import { inVersion } from '#schema/in-version.ts'

const v1beta2 = inVersion('k8s.io.api.resource.v1', 'v1beta2')

export const deviceClasses = v1beta2(classes)
export const deviceTaintRules = v1beta2(taintRules)
export const resourceClaims = v1beta2(claims)
export const resourceClaimTemplates = v1beta2(templates)
export const resourceSlices = v1beta2(slices)
