/** Makes dist/, which ships: the command line, split so that each command loads its own part, and `k8ts/testing`. */

import { build } from 'esbuild'
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
  logLevel: 'warning',
})
