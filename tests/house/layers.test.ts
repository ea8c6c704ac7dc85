/** Who may import whom: the house's layers, held by the imports that are really there. */

import { deepEqual } from 'node:assert/strict'
import { globSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { test } from 'node:test'
import { parseSync } from 'oxc-parser'

const root = join(import.meta.dirname, '../..')

/** Each component and the ones it may use, itself aside. `main` and `testing` wire everything. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  base: [],
  schema: ['base'],
  cel: ['base', 'schema'],
  api: ['base', 'schema'],
  wire: ['base', 'schema', 'api'],
  client: ['base', 'schema', 'api', 'wire'],
  store: ['base'],
  apiserver: ['base', 'schema', 'cel', 'api', 'wire', 'client', 'store'],
  controllers: ['base', 'schema', 'cel', 'api', 'client'],
  scheduler: ['base', 'schema', 'api', 'client'],
  cloud: ['base', 'schema', 'api', 'client'],
  runtime: ['base', 'schema', 'api', 'wire'],
  kubelet: ['base', 'schema', 'api', 'wire', 'client', 'runtime'],
  proxy: ['base', 'schema', 'api', 'client'],
  network: ['base', 'schema', 'api', 'client'],
  cli: ['base', 'schema', 'api', 'client', 'runtime', 'apiserver'],
  web: ['base', 'schema', 'api', 'client'],
}

/** Node modules that reach outside the process, and the components (or files) whose job that is. */
const outside = /^(node:)?(fs|fs\/promises|net|tls|http|https|http2|dgram|child_process|dns|worker_threads|sqlite)$/
const mayReachOutside =
  /^(base\/addresses|wire|client|store\/(sqlite|etcd|snapshot)|apiserver\/(pki|proxy|server|authentication|audit|webhook|aggregation)|runtime|kubelet|proxy|network|cli|main|testing)\b/

interface Import {
  readonly file: string
  readonly from: string
}

function importsOf(file: string): readonly Import[] {
  const { module } = parseSync(file, readFileSync(file, 'utf8'))
  const statics = [
    ...module.staticImports,
    ...module.staticExports.flatMap((e) =>
      e.entries.flatMap((entry) => (entry.moduleRequest ? [{ moduleRequest: entry.moduleRequest }] : [])),
    ),
  ]
  const dynamics = module.dynamicImports.map((d) => readFileSync(file, 'utf8').slice(d.moduleRequest.start + 1, d.moduleRequest.end - 1))
  return [...statics.map((s) => s.moduleRequest.value), ...dynamics].map((from) => ({ file: relative(join(root, 'src'), file), from }))
}

const imports = globSync('src/**/*.ts', { cwd: root })
  .filter((f) => !f.endsWith('.test.ts'))
  .flatMap((f) => importsOf(join(root, f)))

test('components import only those below them', () => {
  const broken = imports.filter(({ file, from }) => {
    const component = file.split('/')[0]!
    if (component === 'main' || component === 'testing') return false
    const target = from.startsWith('#')
      ? from.slice(1).split('/')[0]!
      : from.startsWith('.')
        ? relative('.', join(dirname(file), from)).split('/')[0]!
        : component
    return target !== component && !allowed[component]?.includes(target)
  })
  deepEqual(broken, [])
})

test('across components imports go by #component, within one by relative path', () => {
  deepEqual(
    imports.filter(({ file, from }) => from.startsWith('..') && !join(dirname(file), from).startsWith(file.split('/')[0]!)),
    [],
  )
})

test('only the files whose job it is reach for disk, network and other processes', () => {
  deepEqual(
    imports.filter(({ file, from }) => outside.test(from) && !mayReachOutside.test(file)),
    [],
  )
})

test('real time and chance stay in src/base and src/main', () => {
  const found = globSync('src/**/*.ts', { cwd: root })
    .filter((f) => !f.endsWith('.test.ts') && !/^src\/(base|main|testing)\//.test(f))
    .flatMap((f) =>
      /\b(setTimeout|setInterval)\(|Date\.now\(\)|Math\.random\(\)|performance\.now\(\)|new Date\(\)/.test(
        readFileSync(join(root, f), 'utf8'),
      )
        ? [f]
        : [],
    )
  deepEqual(found, [])
})
