/** What is served of batch and autoscaling. */

import { cronJobStrategy, jobStrategy } from '../strategies/job.ts'
import { serve, type Served } from './serve.ts'
import { cronJobs } from '#api/batch/v1/cron-job.ts'
import { jobs } from '#api/batch/v1/job.ts'

export const servedBatch: readonly Served[] = [serve(jobs as never, jobStrategy), serve(cronJobs as never, cronJobStrategy)]
