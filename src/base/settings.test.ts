import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { PORT, describeSettings, parseArguments, settings } from './settings.ts'

const declared = settings({
  name: { type: 'string', flag: 'name', short: 'n', help: 'Name of the cluster', default: 'k8ts' },
  nodes: { type: 'int', flag: 'nodes', help: 'Nodes wanted', default: 1 },
  quiet: { type: 'bool', flag: 'quiet', short: 'q', help: 'Say less' },
  verbose: { type: 'bool', flag: 'verbose', short: 'v', help: 'Say more' },
  address: { type: 'list', flag: 'address', help: 'Addresses' },
})

test('flags are read by pflag rules: equals, next word, bundled shorts, bare booleans', () => {
  deepEqual(parseArguments(declared, ['--name=a', 'word', '-qv', '--nodes', '3', '--address=1,2', '--address', '3', '--', '-x']), {
    values: { name: 'a', nodes: 3, quiet: true, verbose: true, address: ['1', '2', '3'] },
    words: ['word'],
    rest: ['-x'],
    help: false,
    given: new Set(['name', 'quiet', 'verbose', 'nodes', 'address']),
  })
  deepEqual(parseArguments(declared, ['-nfoo']).values.name, 'foo')
  deepEqual(parseArguments(declared, ['-n=foo']).values.name, 'foo')
  deepEqual(parseArguments(declared, ['--quiet=false']).values.quiet, false)
})

test('a boolean does not take the next word', () => {
  deepEqual(parseArguments(declared, ['--quiet', 'false']).words, ['false'])
})

test('wrong command lines say what pflag says', () => {
  throws(() => parseArguments(declared, ['--nope']), { message: 'unknown flag: --nope' })
  throws(() => parseArguments(declared, ['-x']), { message: "unknown shorthand flag: 'x' in -x" })
  throws(() => parseArguments(declared, ['--name']), { message: 'flag needs an argument: --name' })
  throws(() => parseArguments(declared, ['--nodes=two']), {
    message: 'invalid argument "two" for "--nodes" flag: strconv.ParseInt: parsing "two": invalid syntax',
  })
  throws(() => parseArguments({ port: { type: 'int', flag: 'port', help: 'Port', ...PORT } }, ['--port', '99999']), {
    message: 'invalid argument "99999" for "--port" flag: must be between 1 and 65535',
  })
  throws(() => parseArguments({ count: { type: 'int', flag: 'count', help: 'Count', min: 1 } }, ['--count=-1']), {
    message: 'invalid argument "-1" for "--count" flag: must be at least 1',
  })
})

test('the usage table shows shorts, placeholders and defaults', () => {
  equal(
    describeSettings({ name: declared.name, quiet: declared.quiet }),
    '  -n, --name string   Name of the cluster (default "k8ts")\n  -q, --quiet         Say less',
  )
})
