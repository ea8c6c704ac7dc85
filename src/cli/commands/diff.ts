/** `k8ts diff`: what has changed in one object since some moment. */

import { dump } from 'js-yaml'
import type { HistoryItem } from '#apiserver/past/object-history.ts'
import { settings, UsageError } from '#base/settings.ts'
import type { KubeObject } from '#schema/resource.ts'
import { command, OperatorError } from '../command.ts'
import { parseMoment, type Moment } from '../moment.ts'
import { objectAt, timeOf } from '../object-changes.ts'
import { unifiedDiff } from '../unified-diff.ts'
import { askedObject, readHistory } from '../cluster/object-history.ts'

const FAILED = 2 // 1 says that there are differences, as with kubectl diff

export const diff = command({
  usage: 'TYPE[.GROUP]/NAME --at REV|TIME [--to REV|TIME] [-n NAMESPACE]',
  description:
    'Shows what has changed in one object between a moment and now (or another moment), as far as the store reaches back. Ends with 0 when nothing has, with 1 when something has, with more when that could not be found out.',
  takesWords: true,
  settings: settings({
    at: {
      type: 'string',
      flag: 'at',
      help: 'A resourceVersion, a time such as 2026-01-02T15:04:05Z, or "10m ago"',
      placeholder: 'REV|TIME',
    },
    to: { type: 'string', flag: 'to', help: 'The later moment; by default now', placeholder: 'REV|TIME' },
    namespace: { type: 'string', flag: 'namespace', short: 'n', help: 'Of the object', default: 'default' },
    showStatus: { type: 'bool', flag: 'show-status', help: 'Include the status' },
    showManagedFields: { type: 'bool', flag: 'show-managed-fields', help: 'Include who owns which fields' },
    kubeconfig: { type: 'string', flag: 'kubeconfig', help: 'Of the cluster to ask; by default that of the one started last' },
  }),
  async run({ values, words }, environment) {
    const asked = askedObject(words, 'diff')
    if (values.at === undefined) throw new UsageError('expected --at, a resourceVersion or a time')
    const now = environment.clock.now()
    const at = parseMoment(values.at, 'at', now)
    const to = values.to === undefined ? undefined : parseMoment(values.to, 'to', now)
    try {
      const history = await readHistory(asked, values, environment)
      const newest: Moment = { type: 'revision', revision: Number(history.metadata.resourceVersion) }
      const then = objectAt(history, at, values.at)
      const later = objectAt(history, to ?? newest, values.to ?? history.metadata.resourceVersion)
      if (then === undefined && later === undefined)
        throw new OperatorError(`${asked.type} ${JSON.stringify(asked.name)} was there at neither moment`)
      const text = (item: HistoryItem | undefined) => (item === undefined ? '' : dump(shown(item.object, values), { noRefs: true }))
      const found = unifiedDiff(text(then), text(later), [label(asked, then), label(asked, later)])
      environment.out(found)
      return found === '' ? 0 : 1
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error
      environment.err(`k8ts diff: ${error.message}\n`)
      return FAILED
    }
  },
})

/** The resourceVersion, in which any two revisions differ, is told in the labels. */
function shown(
  object: KubeObject,
  { showStatus, showManagedFields }: { readonly showStatus: boolean; readonly showManagedFields: boolean },
): object {
  const { status, metadata, ...rest } = object as KubeObject & { readonly status?: unknown }
  const { managedFields, resourceVersion: _, ...kept } = metadata
  const { apiVersion, kind, ...body } = rest
  return {
    apiVersion,
    kind,
    metadata: { ...kept, ...(showManagedFields && managedFields && { managedFields }) },
    ...body,
    ...(showStatus && status !== undefined && { status }),
  }
}

function label({ type, name }: { readonly type: string; readonly name: string }, item: HistoryItem | undefined): string {
  if (item === undefined) return '/dev/null'
  const time = timeOf(item)
  return `${type}/${name}\t${item.resourceVersion}${time === undefined ? '' : ` ${time}`}`
}
