/** Puts the groups and versions of aggregated servers into the discovery documents of this one, where their priorities say. */

import type { DiscoveredVersion } from './remote-documents.ts'

/** A version of a group that somebody else serves. */
export interface RemoteVersion {
  readonly group: string
  readonly version: string
  readonly groupPriority: number
  readonly versionPriority: number
  readonly discovered: DiscoveredVersion
}

/** What this server's own API services say; undefined where there is none. */
export interface Priorities {
  readonly group: (name: string) => number | undefined
  readonly version: (group: string, version: string) => number | undefined
}

interface NamedGroup {
  readonly name: string
  readonly versions: readonly { readonly groupVersion: string; readonly version: string }[]
  readonly preferredVersion: unknown
}

/** The older form, in which it does not matter whether a server answers. */
export function withRemoteGroups(
  local: readonly NamedGroup[],
  remote: readonly RemoteVersion[],
  priorities: Priorities,
): readonly NamedGroup[] {
  return merge(
    local,
    remote,
    priorities,
    (group) => group.name,
    (group) => group.versions,
    ({ group, version }) => ({ groupVersion: `${group}/${version}`, version }),
    (name, versions) => ({ name, versions, preferredVersion: versions[0] }),
  )
}

interface GroupDiscovery {
  readonly metadata: { readonly name?: string }
  readonly versions: readonly { readonly version: string }[]
}

/** The aggregated form. */
export function withRemoteDiscovery(
  local: readonly GroupDiscovery[],
  remote: readonly RemoteVersion[],
  priorities: Priorities,
): readonly GroupDiscovery[] {
  return merge(
    local,
    remote,
    priorities,
    (group) => group.metadata.name ?? '',
    (group) => group.versions,
    ({ discovered }) => discovered,
    (name, versions, before) => ({ metadata: before?.metadata ?? { name }, versions }),
  )
}

function merge<G, V extends { readonly version: string }>(
  local: readonly G[],
  remote: readonly RemoteVersion[],
  priorities: Priorities,
  nameOf: (group: G) => string,
  versionsOf: (group: G) => readonly V[],
  shown: (version: RemoteVersion) => V,
  made: (name: string, versions: readonly V[], before: G | undefined) => G,
): readonly G[] {
  const groups = [...local]
  for (const [name, versions] of Map.groupBy(remote, (v) => v.group)) {
    const at = groups.findIndex((group) => nameOf(group) === name)
    const before = at < 0 ? undefined : groups[at]!
    const all = before ? [...versionsOf(before)] : []
    for (const version of versions.toSorted((a, b) => b.versionPriority - a.versionPriority)) {
      // who serves a version that this server has, too, stands for it
      const same = all.findIndex((v) => v.version === version.version)
      if (same >= 0) all[same] = shown(version)
      else insert(all, shown(version), version.versionPriority, (v) => versionPriority(priorities, versions, name, v.version))
    }
    const group = made(name, all, before)
    if (before) groups[at] = group
    else {
      const priority = Math.max(...versions.map((v) => v.groupPriority))
      insert(groups, group, priority, (g) => groupPriority(priorities, remote, nameOf(g)))
    }
  }
  return groups
}

/** Behind the last that is at least as important: what is there keeps its order. */
function insert<T>(list: T[], item: T, priority: number, priorityOf: (item: T) => number): void {
  list.splice(list.findLastIndex((other) => priorityOf(other) >= priority) + 1, 0, item)
}

function groupPriority(priorities: Priorities, remote: readonly RemoteVersion[], name: string): number {
  const given = remote.filter((v) => v.group === name).map((v) => v.groupPriority)
  return Math.max(...given, priorities.group(name) ?? (given.length > 0 ? 0 : Number.POSITIVE_INFINITY))
}

function versionPriority(priorities: Priorities, remote: readonly RemoteVersion[], group: string, version: string): number {
  const given = remote.find((v) => v.version === version)?.versionPriority
  return given ?? priorities.version(group, version) ?? Number.POSITIVE_INFINITY
}
