/** Declares Event (events/v1). */

import { eventColumns } from '#api/core/v1/event-columns.ts'
import { EventSource } from '#api/core/v1/event.ts'
import { ObjectReference } from '#api/core/v1/reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, microTime, opt, req, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EventSeries extends message(
  'k8s.io.api.events.v1.EventSeries',
  {
    count: req(1, int32(), { doc: 'How often, up to the last heartbeat.' }),
    lastObservedTime: req(2, microTime, { doc: 'When it was last seen.' }),
  },
  { doc: 'How often and how lately an event occurred.' },
) {}

export class Event extends object(
  'k8s.io.api.events.v1.Event',
  {
    metadata: val(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    eventTime: req(2, microTime, { doc: 'When it was first seen, in microseconds; demanded.' }),
    series: opt(3, EventSeries, { doc: 'How often it occurred; absent for a single one.' }),
    reportingController: opt(4, string, { doc: 'Controller that reported it, such as kubernetes.io/kubelet.' }),
    reportingInstance: opt(5, string, { doc: 'Which instance of it, such as kubelet-xyz.' }),
    action: opt(6, string, { doc: 'What was done or went wrong; up to 128 characters.' }),
    reason: opt(7, string, { doc: 'Why it was done, as one CamelCase word of up to 128 characters.' }),
    regarding: opt(8, ObjectReference, { doc: 'Object the event is about, mostly the one the controller looks after.', mapType: 'atomic' }),
    related: opt(9, ObjectReference, { doc: 'Another object that has to do with it.', mapType: 'atomic' }),
    note: opt(10, string, { doc: 'What happened, in words; up to 1 KiB.' }),
    type: opt(11, string, { doc: 'Normal or Warning.' }),
    deprecatedSource: opt(12, EventSource, { doc: 'source of the old event; for old clients. Deprecated.', deprecated: true }),
    deprecatedFirstTimestamp: opt(13, time, { doc: 'firstTimestamp of the old event; for old clients. Deprecated.', deprecated: true }),
    deprecatedLastTimestamp: opt(14, time, { doc: 'lastTimestamp of the old event; for old clients. Deprecated.', deprecated: true }),
    deprecatedCount: opt(15, int32(), { doc: 'count of the old event; for old clients. Deprecated.', deprecated: true }),
  },
  { doc: 'A report that something happened; kept for a while only.' },
) {}

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
