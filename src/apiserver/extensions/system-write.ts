/** A write of the server itself, which needs nobody's leave. */

import type { Write } from '#apiserver/registry/registry.ts'
import type { Clock } from '#base/clock.ts'
import type { Random } from '#base/random.ts'

const SYSTEM_USER = { username: 'system:apiserver', groups: ['system:masters', 'system:authenticated'] }

export function systemWrite(clock: Clock, random: Random): Write {
  return {
    user: SYSTEM_USER,
    dryRun: false,
    now: clock.now(),
    random,
    warn: () => {},
    admit: async (object) => object,
    check: async () => {},
  }
}
