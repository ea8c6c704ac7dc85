/** What is served of batch and autoscaling. */

import { autoscalerView } from '../strategies/autoscaler-view.ts'
import { cronJobStrategy, jobStrategy } from '../strategies/job.ts'
import { preparingTemplate } from '../strategies/pod-template-preparation.ts'
import { serve, type Served } from './serve.ts'
import { horizontalPodAutoscalers as autoscalersV1 } from '#api/autoscaling/v1/horizontal-pod-autoscaler.ts'
import { horizontalPodAutoscalers } from '#api/autoscaling/v2/horizontal-pod-autoscaler.ts'
import { cronJobs } from '#api/batch/v1/cron-job.ts'
import { jobs } from '#api/batch/v1/job.ts'

export const servedBatch: readonly Served[] = [
  serve(jobs as never, preparingTemplate('spec', jobStrategy)),
  serve(cronJobs as never, preparingTemplate('jobTemplate', cronJobStrategy)),
  serve(horizontalPodAutoscalers as never),
  { ...serve(autoscalersV1 as never), view: autoscalerView },
]
