/** Declares Event (events/v1). */

import { EventSource } from '#api/core/v1/event.ts'
import { ObjectReference } from '#api/core/v1/reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, microTime, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EventSeries extends message('k8s.io.api.events.v1.EventSeries', {
  count: req(1, int32()),
  lastObservedTime: req(2, microTime),
}) {}

export class Event extends object('k8s.io.api.events.v1.Event', {
  metadata: val(1, ObjectMeta),
  eventTime: req(2, microTime),
  series: opt(3, EventSeries),
  reportingController: opt(4, string),
  reportingInstance: opt(5, string),
  action: opt(6, string),
  reason: opt(7, string),
  regarding: opt(8, ObjectReference, { mapType: 'atomic' }),
  related: opt(9, ObjectReference, { mapType: 'atomic' }),
  note: opt(10, string),
  type: opt(11, string),
  deprecatedSource: opt(12, EventSource),
  deprecatedFirstTimestamp: opt(13, time),
  deprecatedLastTimestamp: opt(14, time),
  deprecatedCount: opt(15, int32()),
}) {}

export const events = resource(Event, {
  group: 'events.k8s.io',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  shortNames: ['ev'],
})
