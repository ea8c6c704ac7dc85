/** What is served of what keeps pods running: the apps group and the replication controllers of the core group. */

import { deploymentStrategy, replicaSetStrategy, replicationControllerStrategy } from '../strategies/plain.ts'
import { deploymentScale, replicaSetScale, replicationControllerScale } from '../strategies/scale.ts'
import { serve, type Served } from './serve.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { replicationControllers } from '#api/core/v1/replication-controller.ts'

export const servedApps: readonly Served[] = [
  serve(replicationControllers as never, replicationControllerStrategy, { scale: replicationControllerScale }),
  serve(deployments as never, deploymentStrategy, { scale: deploymentScale }),
  serve(replicaSets as never, replicaSetStrategy, { scale: replicaSetScale }),
]
