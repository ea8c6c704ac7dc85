/** Declares affinity (core/v1). */

import { NodeSelector, NodeSelectorTerm } from './node-selector.ts'
import { LabelSelector } from '#api/meta/v1/label-selector.ts'
import { int32, list, message, opt, req, string } from '#schema/message.ts'

export class PreferredSchedulingTerm extends message(
  'k8s.io.api.core.v1.PreferredSchedulingTerm',
  {
    weight: req(1, int32(), { doc: 'How much it counts, 1 to 100.' }),
    preference: req(2, NodeSelectorTerm, { doc: 'Nodes that are preferred.', mapType: 'atomic' }),
  },
  { doc: 'A preference for some nodes, with its weight.' },
) {}

export class NodeAffinity extends message(
  'k8s.io.api.core.v1.NodeAffinity',
  {
    requiredDuringSchedulingIgnoredDuringExecution: opt(1, NodeSelector, {
      doc: 'Nodes that will do; on others the pod is not scheduled.',
      mapType: 'atomic',
    }),
    preferredDuringSchedulingIgnoredDuringExecution: opt(2, list(PreferredSchedulingTerm, { listType: 'atomic' }), {
      doc: 'Nodes that are better; the weights of matching terms add up.',
    }),
  },
  { doc: 'Which nodes a pod should or must run on; only looked at when it is scheduled.' },
) {}

export class PodAffinityTerm extends message(
  'k8s.io.api.core.v1.PodAffinityTerm',
  {
    labelSelector: opt(1, LabelSelector, { doc: 'Chooses pods by their labels; when absent, none.', mapType: 'atomic' }),
    namespaces: opt(2, list(string, { listType: 'atomic' }), {
      doc: "Namespaces to look in, beside those of namespaceSelector. The pod's own when both are empty.",
    }),
    topologyKey: req(3, string, {
      doc: 'Node label whose equal values make nodes one place, such as kubernetes.io/hostname.',
      mayBeEmpty: true,
    }),
    namespaceSelector: opt(4, LabelSelector, {
      doc: 'Chooses namespaces to look in by their labels; an empty selector chooses all.',
      mapType: 'atomic',
    }),
    matchLabelKeys: opt(5, list(string, { listType: 'atomic' }), {
      doc: 'Labels whose values are taken from the pod itself and must be equal; needs labelSelector.',
    }),
    mismatchLabelKeys: opt(6, list(string, { listType: 'atomic' }), {
      doc: 'Labels whose values are taken from the pod itself and must differ; needs labelSelector.',
    }),
  },
  { doc: 'Chooses other pods, and says what counts as the same place.' },
) {}

export class WeightedPodAffinityTerm extends message(
  'k8s.io.api.core.v1.WeightedPodAffinityTerm',
  {
    weight: req(1, int32(), { doc: 'How much it counts, 1 to 100.' }),
    podAffinityTerm: req(2, PodAffinityTerm, { doc: 'Which pods, and what counts as the same place.' }),
  },
  { doc: 'A preference about other pods, with its weight.' },
) {}

export class PodAffinity extends message(
  'k8s.io.api.core.v1.PodAffinity',
  {
    requiredDuringSchedulingIgnoredDuringExecution: opt(1, list(PodAffinityTerm, { listType: 'atomic' }), {
      doc: 'Pods that must be in the same topology domain, all terms together.',
    }),
    preferredDuringSchedulingIgnoredDuringExecution: opt(2, list(WeightedPodAffinityTerm, { listType: 'atomic' }), {
      doc: 'Pods whose nearness is better; the weights of matching terms add up.',
    }),
  },
  { doc: 'Near which pods a pod should or must run; only looked at when it is scheduled.' },
) {}

export class PodAntiAffinity extends message(
  'k8s.io.api.core.v1.PodAntiAffinity',
  {
    requiredDuringSchedulingIgnoredDuringExecution: opt(1, list(PodAffinityTerm, { listType: 'atomic' }), {
      doc: 'Pods that must not be in the same topology domain.',
    }),
    preferredDuringSchedulingIgnoredDuringExecution: opt(2, list(WeightedPodAffinityTerm, { listType: 'atomic' }), {
      doc: 'Pods better kept away from; the weights of matching terms add up.',
    }),
  },
  { doc: 'Away from which pods a pod should or must run; only looked at when it is scheduled.' },
) {}

export class Affinity extends message(
  'k8s.io.api.core.v1.Affinity',
  {
    nodeAffinity: opt(1, NodeAffinity, { doc: 'Which nodes, by their labels.' }),
    podAffinity: opt(2, PodAffinity, { doc: 'Near which other pods.' }),
    podAntiAffinity: opt(3, PodAntiAffinity, { doc: 'Away from which other pods.' }),
  },
  { doc: 'Where a pod should or must run, by nodes and by other pods.' },
) {}
