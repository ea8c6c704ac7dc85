/** What is true of every process of the control plane, in the text form of metrics, under upstream's names. */

import { collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { kubernetesVersion } from '#base/version.ts'

export interface Feature {
  readonly name: string
  readonly stage: string
  readonly enabled: boolean
}

/** Measures from now on; answers with the text. Call it once a process. */
export function processMetrics(features: readonly Feature[] = []): () => Promise<string> {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const { gitVersion, gitCommit, gitTreeState, buildDate, goVersion, compiler, platform, major, minor } = kubernetesVersion
  const version = {
    git_version: gitVersion,
    git_commit: gitCommit,
    git_tree_state: gitTreeState,
    build_date: buildDate,
    go_version: goVersion,
    compiler,
    platform,
    major,
    minor,
  }
  const help = '[ALPHA] Always 1, labeled with the version.'
  new Gauge({ name: 'kubernetes_build_info', help, labelNames: Object.keys(version), registers }).set(version, 1)
  const enabled = new Gauge({
    name: 'kubernetes_feature_enabled',
    help: '[BETA] Whether a feature is on, by name and stage.',
    labelNames: ['name', 'stage'],
    registers,
  })
  for (const { name, stage, enabled: on } of features) enabled.set({ name, stage }, on ? 1 : 0)
  return () => registry.metrics()
}
