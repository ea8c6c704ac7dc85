/** What is served of who may do what, and how much: RBAC, disruption budgets, priorities, flow control, admission. */

import { createdByPut, disruptionBudgetStrategy } from '../strategies/plain.ts'
import { serve, type Served } from './serve.ts'
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
]
