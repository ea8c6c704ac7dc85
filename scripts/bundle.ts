/** Makes dist/k8ts.js, the one file that ships: the whole command line with its components, split so that each command loads its own part. */

import { build } from 'esbuild'
import { rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
await build({
  entryPoints: ['src/main/k8ts.ts', 'src/store/sqlite/sqlite-worker.ts'],
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
