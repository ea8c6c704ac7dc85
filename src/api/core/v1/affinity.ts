/** Declares affinity (core/v1). */

import { NodeSelector, NodeSelectorTerm } from './node-selector.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { int32, list, message, opt, req, string } from '#schema/message.ts'

export class PreferredSchedulingTerm extends message('k8s.io.api.core.v1.PreferredSchedulingTerm', {
  weight: req(1, int32()),
  preference: req(2, NodeSelectorTerm, { mapType: 'atomic' }),
}) {}

export class NodeAffinity extends message('k8s.io.api.core.v1.NodeAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: opt(1, NodeSelector, { mapType: 'atomic' }),
  preferredDuringSchedulingIgnoredDuringExecution: opt(2, list(PreferredSchedulingTerm, { listType: 'atomic' })),
}) {}

export class PodAffinityTerm extends message('k8s.io.api.core.v1.PodAffinityTerm', {
  labelSelector: opt(1, LabelSelector, { mapType: 'atomic' }),
  namespaces: opt(2, list(string, { listType: 'atomic' })),
  topologyKey: req(3, string),
  namespaceSelector: opt(4, LabelSelector, { mapType: 'atomic' }),
  matchLabelKeys: opt(5, list(string, { listType: 'atomic' })),
  mismatchLabelKeys: opt(6, list(string, { listType: 'atomic' })),
}) {}

export class WeightedPodAffinityTerm extends message('k8s.io.api.core.v1.WeightedPodAffinityTerm', {
  weight: req(1, int32()),
  podAffinityTerm: req(2, PodAffinityTerm),
}) {}

export class PodAffinity extends message('k8s.io.api.core.v1.PodAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: opt(1, list(PodAffinityTerm, { listType: 'atomic' })),
  preferredDuringSchedulingIgnoredDuringExecution: opt(2, list(WeightedPodAffinityTerm, { listType: 'atomic' })),
}) {}

export class PodAntiAffinity extends message('k8s.io.api.core.v1.PodAntiAffinity', {
  requiredDuringSchedulingIgnoredDuringExecution: opt(1, list(PodAffinityTerm, { listType: 'atomic' })),
  preferredDuringSchedulingIgnoredDuringExecution: opt(2, list(WeightedPodAffinityTerm, { listType: 'atomic' })),
}) {}

export class Affinity extends message('k8s.io.api.core.v1.Affinity', {
  nodeAffinity: opt(1, NodeAffinity),
  podAffinity: opt(2, PodAffinity),
  podAntiAffinity: opt(3, PodAntiAffinity),
}) {}
