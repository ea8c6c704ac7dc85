/** Declares Event (core/v1). */

import { invalid, type FieldError } from '#schema/field-error.ts'
import { eventColumns } from './event-columns.ts'
import { ObjectReference } from './reference.ts'
import { ObjectMeta } from '#api/meta/v1/object-meta.ts'
import { int32, message, microTime, opt, req, rulesFor, string, time, val } from '#schema/message.ts'
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
  involvedObject: req(2, ObjectReference, { mapType: 'atomic', mayBeEmpty: true }),
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

rulesFor(Event, {
  /** An event lies beside what it is about; those about what has no namespace lie in the default one. */
  check({ metadata, involvedObject }): FieldError[] {
    const about = involvedObject?.namespace ?? ''
    const good = about === '' ? metadata.namespace === 'default' || metadata.namespace === 'kube-system' : about === metadata.namespace
    return good ? [] : [invalid('involvedObject.namespace', about, 'does not match event.namespace')]
  },
})
