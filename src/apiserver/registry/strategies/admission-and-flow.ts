/** How requests are let in and in what order: admission registration and flow control, of which a status path takes the status only. */

import { webhooksErrors } from '#api/admissionregistration/v1/webhook-rules.ts'
import {
  mutatingPolicyExpressionErrors,
  validatingPolicyExpressionErrors,
  webhookConditionErrors,
} from '#apiserver/admission/policy/expression-errors.ts'
import type { Strategy } from '../strategy.ts'
import { statusOnly } from './volumes.ts'

export const flowControlStrategy: Strategy = { generation: 'spec' }
export const flowControlStatusFacet = statusOnly()
/** Webhooks stand beside the metadata rather than in a spec; what is demanded of new ones an old one may go without. */
export const webhookConfigurationStrategy: Strategy = {
  generation: 'all but metadata',
  unconditionalUpdate: false,
  inForceAtOnce: true,
  validateCreate: (configuration) => [...webhooksErrors(configuration as never), ...webhookConditionErrors(configuration as never)],
  validateUpdate: (configuration) => webhookConditionErrors(configuration as never),
}
export const admissionPolicyStrategy: Strategy = { generation: 'spec', unconditionalUpdate: false, inForceAtOnce: true }
/** Their expressions are compiled as they are written. */
export const validatingPolicyStrategy: Strategy = {
  ...admissionPolicyStrategy,
  validateCreate: (policy) => validatingPolicyExpressionErrors(policy as never),
  validateUpdate: (policy) => validatingPolicyExpressionErrors(policy as never),
}
export const mutatingPolicyStrategy: Strategy = {
  ...admissionPolicyStrategy,
  validateCreate: (policy) => mutatingPolicyExpressionErrors(policy as never),
  validateUpdate: (policy) => mutatingPolicyExpressionErrors(policy as never),
}
export const admissionPolicyStatusFacet = statusOnly()
