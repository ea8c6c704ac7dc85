/** Events are stored once and served under two kinds: core's, and events.k8s.io's with other names for the same members. */

import { Event as CoreEvent, events as coreEvents } from '#api/core/v1/event.ts'
import { events } from '#api/events/v1/event.ts'
import type { View } from '../served/serve.ts'
import { Published } from '#apiserver/cache/published.ts'
import { decode } from '#schema/decode.ts'
import type { KubeObject, Resource } from '#schema/resource.ts'

/** New name to core name; what is not here is called the same in both. */
const NAMES: Readonly<Record<string, string>> = {
  regarding: 'involvedObject',
  note: 'message',
  deprecatedSource: 'source',
  deprecatedFirstTimestamp: 'firstTimestamp',
  deprecatedLastTimestamp: 'lastTimestamp',
  deprecatedCount: 'count',
  reportingController: 'reportingComponent',
}
const BACK = Object.fromEntries(Object.entries(NAMES).map(([shown, stored]) => [stored, shown]))

const shown = new WeakMap<Published, Published>()

export const eventView: View = {
  stored: coreEvents as unknown as Resource,
  show(stored) {
    let view = shown.get(stored)
    if (view === undefined) {
      view = new Published(events as unknown as Resource, stored.key, stored.revision, showObject(stored.object))
      shown.set(stored, view)
    }
    return view
  },
  showObject,
  store(object) {
    const core = { ...renamed(object, NAMES), apiVersion: coreEvents.apiVersion, kind: coreEvents.kind }
    return { apiVersion: coreEvents.apiVersion, kind: coreEvents.kind, ...decode(CoreEvent.schema, core).value } as unknown as KubeObject
  },
}

function showObject(stored: KubeObject): KubeObject {
  return { ...renamed(stored, BACK), apiVersion: events.apiVersion, kind: events.kind } as unknown as KubeObject
}

function renamed(object: KubeObject, names: Readonly<Record<string, string>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [names[name] ?? name, value]))
}
