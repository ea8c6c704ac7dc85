/** Runs the benches and writes bench/results.md: figures beside the budgets of the architecture, misses said plainly. */

import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { cpus, totalmem } from 'node:os'
import { join } from 'node:path'
import type { Figure, Measured } from './figures.ts'

const RESULTS = join(import.meta.dirname, 'results.md')

const benches: Readonly<Record<string, () => Promise<readonly Figure[] | Measured>>> = {
  server: async () => (await import('./server.ts')).benchServer(),
  requests: async () => (await import('./requests.ts')).benchRequests(),
  scale: async () => (await import('./scale.ts')).benchScale(),
  watchers: async () => (await import('./watchers.ts')).benchWatchers(),
  flood: async () => (await import('./flood.ts')).benchFlood(),
  nodes: async () => (await import('./nodes.ts')).benchNodes(),
  proxy: async () => (await import('./proxy.ts')).benchProxy(),
  scheduler: async () => (await import('./scheduler.ts')).benchScheduler(),
  authorization: async () => (await import('./authorization.ts')).benchAuthorization(),
  admission: async () => (await import('./admission.ts')).benchAdmission(),
  store: async () => (await import('./store.ts')).benchStore(),
  churn: async () => (await import('./churn.ts')).benchChurn(),
}

const chosen = process.argv.slice(2)
const figures: Figure[] = []
const sections: string[] = []
for (const [name, bench] of Object.entries(benches)) {
  if (chosen.length > 0 && !chosen.includes(name)) continue
  process.stderr.write(`bench: ${name}\n`)
  // one that fails must not cost the others' figures
  const found = await bench().catch((error: Error): readonly Figure[] => [
    { what: `bench/${name}.ts`, measured: 'failed', budget: '', met: false, note: error.message.split('\n')[0]! },
  ])
  const measured = 'figures' in found ? found.figures : found
  if ('section' in found) sections.push(found.section)
  for (const f of measured)
    process.stderr.write(`  ${f.met === true ? 'met   ' : f.met === false ? 'MISSED' : '      '} ${f.what}: ${f.measured}\n`)
  figures.push(...measured)
}

if (chosen.length === 0) {
  figures.push({
    what: '5,000 nodes and 150,000 pods, simulated, on 2 cores and 24 GB',
    measured: 'not measured',
    budget: 'runs; p99 of single-object calls under 100 ms',
    met: 'not measured',
    note: 'no bench drives it yet; the scheduler above has the 5,000 nodes, the server the 5,000 pods',
  })
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const rows = figures.map(
    (f) =>
      `| ${f.what} | ${f.measured} | ${f.budget} | ${f.met === true ? 'met' : f.met === false ? '**missed**' : 'not measured'} | ${f.note ?? ''} |`,
  )
  writeResults(
    `# Measured

By \`scripts/node bench/run.ts\` on ${new Date().toISOString().slice(0, 10)} at ${commit}: ${cpus().length} cores (${cpus()[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GB,
Node.js ${process.version}. The load generators run on the same cores. Shared machines drift; read the figures as ratios.

| what | measured | budget | | note |
|---|---|---|---|---|
${rows.join('\n')}
`,
  )
}

if (chosen.length > 0 && sections.length > 0) writeResults(readFileSync(RESULTS, 'utf8').split(/^(?=## )/m)[0]!)

/** Sections that were not measured anew stay as they are. */
function writeResults(overview: string): void {
  const now = new Map(
    readFileSync(RESULTS, 'utf8')
      .split(/^(?=## )/m)
      .slice(1)
      .map((text) => [heading(text), text]),
  )
  for (const text of sections) now.set(heading(text), text)
  writeFileSync(RESULTS, [overview, ...now.values()].map((text) => text.trim()).join('\n\n') + '\n')
}

function heading(section: string): string {
  return section.slice(0, section.indexOf('\n'))
}
