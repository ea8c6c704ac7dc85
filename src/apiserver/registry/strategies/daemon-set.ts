/** DaemonSets: the count of their templates, which older clients read from an annotation. */

import { sameJson } from '#schema/json-patch.ts'
import type { DaemonSet } from '#api/apps/v1/daemon-set.ts'
import type { Stored, Strategy } from '../strategy.ts'

const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'

type StoredDaemonSet = DaemonSet & Stored

export const daemonSetStrategy: Strategy<StoredDaemonSet> = {
  generation: 'spec',
  prepareCreate: (set) => withTemplateGeneration(set, Math.max(templateGeneration(set), 1)),
  prepareUpdate(set, old) {
    const generation = templateGeneration(old)
    return withTemplateGeneration(set, sameJson(set.spec.template, old.spec.template) ? generation : generation + 1)
  },
}

function templateGeneration({ metadata }: StoredDaemonSet): number {
  const written = metadata.annotations?.[TEMPLATE_GENERATION] ?? ''
  return /^\d{1,15}$/.test(written) ? Number(written) : 0
}

function withTemplateGeneration(set: StoredDaemonSet, generation: number): StoredDaemonSet {
  const annotations = { ...set.metadata.annotations, [TEMPLATE_GENERATION]: String(generation) }
  return { ...set, metadata: { ...set.metadata, annotations } }
}
