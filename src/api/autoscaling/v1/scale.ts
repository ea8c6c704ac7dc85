/** Declares Scale (autoscaling/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, opt, req, string, val } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class ScaleSpec extends message(
  'k8s.io.api.autoscaling.v1.ScaleSpec',
  {
    replicas: opt(1, int32(), { doc: 'Replicas wanted.' }),
  },
  { doc: 'How many replicas are wanted.' },
) {}

export class ScaleStatus extends message(
  'k8s.io.api.autoscaling.v1.ScaleStatus',
  {
    replicas: req(1, int32(), { doc: 'Replicas that are observed.', keepsZero: true }),
    selector: opt(2, string, { doc: 'Label selector of their pods, as text.' }),
  },
  { doc: 'How many replicas there are.' },
) {}

export class Scale extends object(
  'k8s.io.api.autoscaling.v1.Scale',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    spec: val(2, ScaleSpec, { doc: 'How many are wanted.' }),
    status: val(3, ScaleStatus, { doc: 'How many there are.' }),
  },
  { doc: 'How many replicas something has and should have, whatever its kind.' },
) {}
