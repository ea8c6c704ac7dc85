/** What is served of what keeps pods running: the apps group and the replication controllers of the core group. */

import { deploymentStrategy, replicaSetStrategy, replicationControllerStrategy } from '../strategies/plain.ts'
import { daemonSetStrategy } from '../strategies/daemon-set.ts'
import { preparingTemplate } from '../strategies/pod-template-preparation.ts'
import { deploymentScale, replicaSetScale, replicationControllerScale, statefulSetScale } from '../strategies/scale.ts'
import type { Strategy } from '../strategy.ts'
import { statefulSetStrategy } from '../strategies/stateful-set.ts'
import { serve, type Served } from './serve.ts'
import { controllerRevisions } from '#api/apps/v1/controller-revision.ts'
import { daemonSets } from '#api/apps/v1/daemon-set.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import { replicaSets } from '#api/apps/v1/replica-set.ts'
import { statefulSets } from '#api/apps/v1/stateful-set.ts'
import { replicationControllers } from '#api/core/v1/replication-controller.ts'

export const servedApps: readonly Served[] = [
  serve(replicationControllers as never, preparingTemplate('spec', replicationControllerStrategy), { scale: replicationControllerScale }),
  serve(deployments as never, preparingTemplate('spec', deploymentStrategy), { scale: deploymentScale }),
  serve(replicaSets as never, preparingTemplate('spec', replicaSetStrategy), { scale: replicaSetScale }),
  serve(statefulSets as never, preparingTemplate('spec', statefulSetStrategy as unknown as Strategy), { scale: statefulSetScale }),
  serve(daemonSets as never, preparingTemplate('spec', daemonSetStrategy)),
  serve(controllerRevisions as never),
]
