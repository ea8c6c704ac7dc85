/** Asks the API server for the history of one object. */

import type { ObjectHistory } from '#apiserver/past/object-history.ts'
import { UsageError } from '#base/settings.ts'
import { StatusError } from '#client/client.ts'
import { OperatorError, type Environment } from '../command.ts'
import { noCluster } from '../commands/kubeconfig.ts'
import { connect } from './connection.ts'
import { findResource } from './find-resource.ts'
import { ClusterRecords } from './record.ts'

export interface AskedObject {
  readonly type: string
  readonly name: string
}

/** TYPE/NAME, or TYPE and NAME. */
export function askedObject(words: readonly string[], command: string): AskedObject {
  const [type, name, ...more] = words.length === 1 ? words[0]!.split('/') : words
  if (!type || !name || more.length > 0) throw new UsageError(`expected: k8ts ${command} TYPE/NAME`)
  return { type, name }
}

/** Throws `OperatorError` with what the server says. */
export async function readHistory(
  { type, name }: AskedObject,
  { namespace, kubeconfig }: { readonly namespace: string; readonly kubeconfig: string | undefined },
  environment: Environment,
): Promise<ObjectHistory> {
  const path =
    kubeconfig ?? (environment.variables['KUBECONFIG'] || undefined) ?? new ClusterRecords(environment.home).current()?.kubeconfig
  if (!path) throw new OperatorError(noCluster(undefined))
  const client = await connect(path)
  try {
    const found = await findResource(client, type)
    if (found === undefined) throw new OperatorError(`the server doesn't have a resource type ${JSON.stringify(type)}`)
    const { group, version, plural, namespaced } = found
    const folder = group === '' ? `/api/${version}` : `/apis/${group}/${version}`
    const within = namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : ''
    const answer = await client.raw('GET', `${folder}${within}/${plural}/${encodeURIComponent(name)}?history=true`)
    if ((answer as { kind?: string }).kind !== 'ObjectHistory')
      throw new OperatorError('the server of this cluster does not tell the history of objects: it is not of k8ts, or of an older release')
    return answer as ObjectHistory
  } catch (error) {
    if (error instanceof StatusError) throw new OperatorError(error.message, { cause: error })
    throw error
  }
}
