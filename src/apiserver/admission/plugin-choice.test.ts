/** Which plugins run by default and by flags, and what configuration files may say. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pluginConfigurations } from './configuration.ts'
import { chosenPlugins } from './plugin-choice.ts'

const ALL = [
  { name: 'A', on: true },
  { name: 'B', on: false },
  { name: 'C', on: true },
]

test('names turn plugins on and off, in the order of the table', () => {
  assert.deepEqual([...chosenPlugins(ALL, [], [])], ['A', 'C'])
  assert.deepEqual([...chosenPlugins(ALL, ['B', 'A'], ['C'])], ['A', 'B'])
})

test('names that are not there and those given both ways are refused', () => {
  assert.throws(() => chosenPlugins(ALL, ['X'], []), { message: 'enable-admission-plugins plugin "X" is unknown' })
  assert.throws(() => chosenPlugins(ALL, ['A'], ['A', 'Y']), {
    message:
      '[map[A:{}] in enable-admission-plugins and disable-admission-plugins overlapped, disable-admission-plugins plugin "Y" is unknown]',
  })
})

test('a configuration is given in the file or in one beside it', () => {
  const text = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: A
  configuration: {kind: K}
- name: B
  path: b.yaml
- name: C
`
  const read = (path: string) => `from: ${path}`
  assert.deepEqual(
    [...pluginConfigurations(text, read)],
    [
      ['A', { kind: 'K' }],
      ['B', { from: 'b.yaml' }],
      ['C', undefined],
    ],
  )
})

test('a configuration file of another kind, or with fields nobody knows, is refused', () => {
  const none = () => ''
  assert.throws(() => pluginConfigurations('{}', none), { message: "Object 'Kind' is missing" })
  assert.throws(() => pluginConfigurations('apiVersion: apiserver.config.k8s.io/v2\nkind: AdmissionConfiguration', none), {
    message: 'no kind "AdmissionConfiguration" is registered for version "apiserver.config.k8s.io/v2"',
  })
  const odd = 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins: [{name: A, config: 1}]'
  assert.throws(() => pluginConfigurations(odd, none), { message: 'strict decoding error: unknown field "plugins[0].config"' })
})
