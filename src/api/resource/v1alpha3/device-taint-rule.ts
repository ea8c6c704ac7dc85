/** Declares DeviceTaintRule in resource/v1alpha3, where it is as in v1. */

import { deviceTaintRules as taintRules } from '../v1/device-taint-rule.ts'
import { inVersion } from '#schema/in-version.ts'

export const deviceTaintRules = inVersion('k8s.io.api.resource.v1', 'v1alpha3')(taintRules)
