/** Makes dist/, which ships: the command line, split so that each command loads its own part, and `k8ts/testing`. */

import { build } from 'esbuild'
import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
await build({
  entryPoints: { k8ts: 'src/main/k8ts.ts', testing: 'src/testing/cluster.ts', 'sqlite-worker': 'src/store/sqlite/sqlite-worker.ts' },
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node26',
  outdir: 'dist',
  entryNames: '[name]',
  minifySyntax: true,
  // bundled CommonJS packages still ask for `require`
  banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
  define: { BUILT_FROM: JSON.stringify(builtFrom()) },
  logLevel: 'warning',
})

/** The commit that is built, and its date as the build's, so that the same commit gives the same bytes; nothing known without git. */
function builtFrom() {
  const git = (...words: readonly string[]) => execFileSync('git', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()
  try {
    const buildDate = new Date(git('log', '-1', '--format=%cI')).toISOString().replace('.000Z', 'Z')
    return { gitCommit: git('rev-parse', 'HEAD'), gitTreeState: git('status', '--porcelain') === '' ? 'clean' : 'dirty', buildDate }
  } catch {
    return { gitCommit: '', gitTreeState: '', buildDate: '1970-01-01T00:00:00Z' }
  }
}
