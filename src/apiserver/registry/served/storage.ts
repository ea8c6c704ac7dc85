/** What is served of volumes and devices: storage and resource groups, and the volumes and quotas of the core group. */

import type { Served } from './serve.ts'

export const servedStorage: readonly Served[] = []
