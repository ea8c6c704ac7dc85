/** Declares Event (events/v1). */

import { eventColumns } from '#api/core/v1/event-columns.ts'
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
  columns: eventColumns((e) => ({
    type: e.type,
    reason: e.reason,
    object: e.regarding,
    message: e.note,
    component: e.reportingController || e.deprecatedSource?.component,
    host: e.reportingInstance || e.deprecatedSource?.host,
    eventTime: e.eventTime,
    first: e.deprecatedFirstTimestamp,
    last: e.deprecatedLastTimestamp,
    count: e.deprecatedCount,
    series: e.series,
  })),
  selectable: {
    'regarding.kind': (e) => e.regarding?.kind ?? '',
    'regarding.namespace': (e) => e.regarding?.namespace ?? '',
    'regarding.name': (e) => e.regarding?.name ?? '',
    'regarding.uid': (e) => e.regarding?.uid ?? '',
    'regarding.apiVersion': (e) => e.regarding?.apiVersion ?? '',
    'regarding.resourceVersion': (e) => e.regarding?.resourceVersion ?? '',
    'regarding.fieldPath': (e) => e.regarding?.fieldPath ?? '',
    reason: (e) => e.reason ?? '',
    reportingController: (e) => e.reportingController ?? '',
    type: (e) => e.type ?? '',
  },
})
