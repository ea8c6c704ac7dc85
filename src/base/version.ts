/** The versions this build reports. */

export const productVersion = '0.1.0'

declare global {
  /** The commit that runs: `scripts/bundle.ts` builds it in, `src/main/built-from.ts` finds it beside the source. */
  const BUILT_FROM: { readonly gitCommit: string; readonly gitTreeState: string; readonly buildDate: string } | undefined
}

// inside a test nothing says it
const built = typeof BUILT_FROM === 'undefined' ? { gitCommit: '', gitTreeState: '', buildDate: '1970-01-01T00:00:00Z' } : BUILT_FROM

/** What `/version` and component metrics say; fields and their order are upstream's version.Info. */
export const kubernetesVersion = {
  major: '1',
  minor: '36',
  emulationMajor: '1',
  emulationMinor: '36',
  minCompatibilityMajor: '1',
  minCompatibilityMinor: '35',
  gitVersion: `v1.36.0+k8ts.${productVersion}`,
  gitCommit: built.gitCommit,
  gitTreeState: built.gitTreeState,
  buildDate: built.buildDate,
  goVersion: `node${process.version}`,
  compiler: 'v8',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
} as const
