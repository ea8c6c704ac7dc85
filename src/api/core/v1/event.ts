/** Declares Event (core/v1). */

import { ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, microTime, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EventSource extends message('k8s.io.api.core.v1.EventSource', {
  component: opt(1, string),
  host: opt(2, string),
}) {}

export class EventSeries extends message('k8s.io.api.core.v1.EventSeries', {
  count: opt(1, int32()),
  lastObservedTime: opt(2, microTime),
}) {}

export class Event extends object('k8s.io.api.core.v1.Event', {
  metadata: req(1, ObjectMeta),
  involvedObject: req(2, ObjectReference, { mapType: 'atomic' }),
  reason: opt(3, string),
  message: opt(4, string),
  source: val(5, EventSource),
  firstTimestamp: opt(6, time),
  lastTimestamp: opt(7, time),
  count: opt(8, int32()),
  type: opt(9, string),
  eventTime: opt(10, microTime),
  series: opt(11, EventSeries),
  action: opt(12, string),
  related: opt(13, ObjectReference, { mapType: 'atomic' }),
  reportingComponent: opt(14, string),
  reportingInstance: opt(15, string),
}) {}

export const events = resource(Event, {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  shortNames: ['ev'],
})
