/** Which admission plugins an operator wants, by the names to turn on and off beside those that are on by default. */

/** A setting was wrong; the message is upstream's. */
export class AdmissionConfigurationError extends Error {
  override readonly name = 'AdmissionConfigurationError'
}

export interface PluginNames {
  readonly name: string
  readonly on: boolean
}

/** The names of the plugins that run, in their order. Throws AdmissionConfigurationError. */
export function chosenPlugins(all: readonly PluginNames[], enable: readonly string[], disable: readonly string[]): ReadonlySet<string> {
  const both = enable.filter((name) => disable.includes(name)).toSorted()
  const known = new Set(all.map((p) => p.name))
  const problems = [
    ...(both.length > 0
      ? [`map[${both.map((name) => `${name}:{}`).join(' ')}] in enable-admission-plugins and disable-admission-plugins overlapped`]
      : []),
    ...enable.filter((name) => !known.has(name)).map((name) => `enable-admission-plugins plugin ${JSON.stringify(name)} is unknown`),
    ...disable.filter((name) => !known.has(name)).map((name) => `disable-admission-plugins plugin ${JSON.stringify(name)} is unknown`),
  ]
  if (problems.length > 0) throw new AdmissionConfigurationError(problems.length === 1 ? problems[0] : `[${problems.join(', ')}]`)
  return new Set(all.filter(({ name, on }) => (on || enable.includes(name)) && !disable.includes(name)).map((p) => p.name))
}
