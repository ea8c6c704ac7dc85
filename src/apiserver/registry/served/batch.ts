/** What is served of batch and autoscaling. */

import type { Served } from './serve.ts'

export const servedBatch: readonly Served[] = []
