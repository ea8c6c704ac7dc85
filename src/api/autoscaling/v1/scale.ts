/** Declares Scale (autoscaling/v1). */

import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, opt, req, string, val } from '#schema/message.ts'
import { object } from '#schema/resource.ts'

export class ScaleSpec extends message('k8s.io.api.autoscaling.v1.ScaleSpec', {
  replicas: opt(1, int32()),
}) {}

export class ScaleStatus extends message('k8s.io.api.autoscaling.v1.ScaleStatus', {
  replicas: req(1, int32(), { keepsZero: true }),
  selector: opt(2, string),
}) {}

export class Scale extends object('k8s.io.api.autoscaling.v1.Scale', {
  metadata: val(1, ObjectMeta),
  spec: val(2, ScaleSpec),
  status: val(3, ScaleStatus),
}) {}
