/** Declares Event (core/v1). */

import { eventColumns } from './event-columns.ts'
import { eventErrors } from './event-rules.ts'
import { ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, microTime, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
import { object, resource } from '#schema/resource.ts'

export class EventSource extends message(
  'k8s.io.api.core.v1.EventSource',
  {
    component: opt(1, string, { doc: 'Component that reported it.' }),
    host: opt(2, string, { doc: 'Node on which it was reported.' }),
  },
  { doc: 'Who reported an event.' },
) {}

export class EventSeries extends message(
  'k8s.io.api.core.v1.EventSeries',
  {
    count: opt(1, int32(), { doc: 'How often, up to the last heartbeat.' }),
    lastObservedTime: opt(2, microTime, { doc: 'When it was last seen.' }),
  },
  { doc: 'How often and how lately an event occurred.' },
) {}

export class Event extends object(
  'k8s.io.api.core.v1.Event',
  {
    metadata: req(1, ObjectMeta, { doc: 'Name, labels, owners and what else every object carries.' }),
    involvedObject: req(2, ObjectReference, { doc: 'Object the event is about.', mapType: 'atomic', mayBeEmpty: true }),
    reason: opt(3, string, { doc: 'What happened, as one CamelCase word.' }),
    message: opt(4, string, { doc: 'What happened, in words.' }),
    source: val(5, EventSource, { doc: 'Who reported it, in the old form.' }),
    firstTimestamp: opt(6, time, { doc: 'When it was first seen.' }),
    lastTimestamp: opt(7, time, { doc: 'When it was last seen.' }),
    count: opt(8, int32(), { doc: 'How often it was seen.' }),
    type: opt(9, string, { doc: 'Normal or Warning.' }),
    eventTime: opt(10, microTime, { doc: 'When it happened, in microseconds.' }),
    series: opt(11, EventSeries, { doc: 'How often it occurred; absent for a single one.' }),
    action: opt(12, string, { doc: 'What was done or went wrong.' }),
    related: opt(13, ObjectReference, { doc: 'Another object that has to do with it.', mapType: 'atomic' }),
    reportingComponent: opt(14, string, { doc: 'Controller that reported it, such as kubernetes.io/kubelet.' }),
    reportingInstance: opt(15, string, { doc: 'Which instance of it, such as kubelet-xyz.' }),
  },
  { doc: 'A report that something happened; kept for a while only.' },
) {}

export const events = resource(Event, {
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  scope: 'Namespaced',
  shortNames: ['ev'],
  columns: eventColumns((e) => ({
    type: e.type,
    reason: e.reason,
    object: e.involvedObject,
    message: e.message,
    component: e.source.component || e.reportingComponent,
    host: e.source.host || e.reportingInstance,
    eventTime: e.eventTime,
    first: e.firstTimestamp,
    last: e.lastTimestamp,
    count: e.count,
    series: e.series,
  })),
  selectable: {
    'involvedObject.kind': (e) => e.involvedObject?.kind ?? '',
    'involvedObject.namespace': (e) => e.involvedObject?.namespace ?? '',
    'involvedObject.name': (e) => e.involvedObject?.name ?? '',
    'involvedObject.uid': (e) => e.involvedObject?.uid ?? '',
    'involvedObject.apiVersion': (e) => e.involvedObject?.apiVersion ?? '',
    'involvedObject.resourceVersion': (e) => e.involvedObject?.resourceVersion ?? '',
    'involvedObject.fieldPath': (e) => e.involvedObject?.fieldPath ?? '',
    reason: (e) => e.reason ?? '',
    reportingComponent: (e) => e.reportingComponent ?? '',
    source: (e) => e.source.component || e.reportingComponent || '',
    type: (e) => e.type ?? '',
  },
})

rulesFor(Event, { check: eventErrors })
