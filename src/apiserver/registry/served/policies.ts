/** What is served of who may do what, and how much: RBAC, disruption budgets, priorities, flow control, admission. */

import { createdByPut, disruptionBudgetStrategy } from '../strategies/plain.ts'
import * as requests from '../strategies/admission-and-flow.ts'
import { serve, type Served } from './serve.ts'
import { mutatingAdmissionPolicies } from '#api/admissionregistration/v1/mutating-admission-policy.ts'
import { mutatingAdmissionPolicyBindings } from '#api/admissionregistration/v1/mutating-admission-policy-binding.ts'
import { mutatingWebhookConfigurations } from '#api/admissionregistration/v1/mutating-webhook-configuration.ts'
import { validatingAdmissionPolicies } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { validatingAdmissionPolicyBindings } from '#api/admissionregistration/v1/validating-admission-policy-binding.ts'
import { validatingWebhookConfigurations } from '#api/admissionregistration/v1/validating-webhook-configuration.ts'
import { flowSchemas } from '#api/flowcontrol/v1/flow-schema.ts'
import { priorityLevelConfigurations } from '#api/flowcontrol/v1/priority-level-configuration.ts'
import { podDisruptionBudgets } from '#api/policy/v1/pod-disruption-budget.ts'
import { clusterRoleBindings } from '#api/rbac/v1/cluster-role-binding.ts'
import { clusterRoles } from '#api/rbac/v1/cluster-role.ts'
import { roleBindings } from '#api/rbac/v1/role-binding.ts'
import { roles } from '#api/rbac/v1/role.ts'
import { priorityClasses } from '#api/scheduling/v1/priority-class.ts'

export const servedPolicies: readonly Served[] = [
  serve(roles as never, createdByPut),
  serve(clusterRoles as never, createdByPut),
  serve(roleBindings as never, createdByPut),
  serve(clusterRoleBindings as never, createdByPut),
  serve(podDisruptionBudgets as never, disruptionBudgetStrategy),
  serve(priorityClasses as never, { generation: 'all but metadata' }),
  serve(flowSchemas as never, requests.flowControlStrategy, { status: requests.flowControlStatusFacet }),
  serve(priorityLevelConfigurations as never, requests.flowControlStrategy, { status: requests.flowControlStatusFacet }),
  serve(validatingWebhookConfigurations as never, requests.webhookConfigurationStrategy),
  serve(mutatingWebhookConfigurations as never, requests.webhookConfigurationStrategy),
  serve(validatingAdmissionPolicies as never, requests.validatingPolicyStrategy, { status: requests.admissionPolicyStatusFacet }),
  serve(validatingAdmissionPolicyBindings as never, requests.admissionPolicyStrategy),
  serve(mutatingAdmissionPolicies as never, requests.mutatingPolicyStrategy),
  serve(mutatingAdmissionPolicyBindings as never, requests.admissionPolicyStrategy),
]
