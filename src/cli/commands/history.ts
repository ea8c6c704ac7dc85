/** `k8ts history`: the revisions of one object that the store still has. */

import { dump } from 'js-yaml'
import { settings, UsageError } from '#base/settings.ts'
import { command } from '../command.ts'
import { changesOf } from '../object-changes.ts'
import { askedObject, readHistory } from '../cluster/object-history.ts'

const PATHS_SHOWN = 4

export const history = command({
  usage: 'TYPE[.GROUP]/NAME [-n NAMESPACE] [-o json|yaml]',
  description:
    'Shows what became of one object, as far as the store reaches back: resourceVersion, time, who (field manager), what was done and which fields changed, the newest last. Takes the right to get the object.',
  takesWords: true,
  settings: settings({
    namespace: { type: 'string', flag: 'namespace', short: 'n', help: 'Of the object', default: 'default' },
    output: { type: 'string', flag: 'output', short: 'o', help: 'json or yaml: the whole objects' },
    kubeconfig: { type: 'string', flag: 'kubeconfig', help: 'Of the cluster to ask; by default that of the one started last' },
  }),
  async run({ values, words }, environment) {
    const { output } = values
    if (output !== undefined && output !== 'json' && output !== 'yaml')
      throw new UsageError(`invalid argument ${JSON.stringify(output)} for "--output" flag: must be json or yaml`)
    const found = await readHistory(askedObject(words, 'history'), values, environment)
    if (output !== undefined) {
      environment.out(output === 'json' ? `${JSON.stringify(found, undefined, 2)}\n` : dump(found, { noRefs: true }))
      return 0
    }
    const rows = changesOf(found.items).map((c) => [
      c.resourceVersion,
      c.time?.replace(/\.\d+Z$/, 'Z') ?? '<unknown>',
      c.who.join(', ') || '-',
      c.operation,
      shortened(c.changed),
    ])
    if (found.omitted !== undefined) environment.err(`${found.omitted} older revisions are not shown\n`)
    environment.out(table([['REVISION', 'TIME', 'WHO', 'OPERATION', 'CHANGED'], ...rows]))
    return 0
  },
})

function shortened(paths: readonly string[]): string {
  const more = paths.length - PATHS_SHOWN
  return more > 0 ? `${paths.slice(0, PATHS_SHOWN).join(', ')} and ${more} more` : paths.join(', ')
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, i) => cell.padEnd(widths[i]! + 3))
          .join('')
          .trimEnd()}\n`,
    )
    .join('')
}
