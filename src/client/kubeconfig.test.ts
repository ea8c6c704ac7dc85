import { deepEqual, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { loadKubeconfig, parseKubeconfig } from './kubeconfig.ts'

const base64 = (text: string) => Buffer.from(text).toString('base64')
const text = `
apiVersion: v1
kind: Config
current-context: admin@one
contexts:
- {name: admin@one, context: {cluster: one, user: admin, namespace: team}}
- {name: robot@one, context: {cluster: one, user: robot}}
- {name: lost, context: {cluster: nowhere, user: admin}}
- {name: plugin, context: {cluster: one, user: plugin}}
clusters:
- {name: one, cluster: {server: "https://10.0.0.1:6443/", certificate-authority-data: ${base64('CA')}}}
users:
- {name: admin, user: {client-certificate-data: ${base64('CERT')}, client-key-data: ${base64('KEY')}}}
- {name: robot, user: {token: abc}}
- {name: plugin, user: {exec: {command: aws}}}
`
const parse = (context?: string) => parseKubeconfig(text, 'the-file', '/', context)

test('the current context says where to connect and as whom; another may be chosen', () => {
  deepEqual(parse(), { server: 'https://10.0.0.1:6443', ca: 'CA', cert: 'CERT', key: 'KEY', namespace: 'team' })
  deepEqual(parse('robot@one'), { server: 'https://10.0.0.1:6443', ca: 'CA', token: 'abc' })
})

test('what cannot be used is said in one plain sentence', () => {
  throws(() => parse('lost'), { name: 'KubeconfigError', message: 'cannot use the kubeconfig the-file: it has no cluster named "nowhere"' })
  throws(() => parse('none'), { message: 'cannot use the kubeconfig the-file: it has no context named "none"' })
  throws(() => parse('plugin'), /takes credentials from exec, which is not supported/)
  throws(() => parseKubeconfig('', 'empty', '/'), { message: 'cannot read the kubeconfig empty: it is empty' })
  throws(() => parseKubeconfig('junk', 'junk', '/'), {
    message: 'cannot read the kubeconfig junk: it is no kubeconfig, which has contexts, clusters and users',
  })
  throws(() => parseKubeconfig('a: [', 'broken', '/'), /^KubeconfigError: cannot read the kubeconfig broken: it is not YAML \(/)
  throws(() => loadKubeconfig('/nowhere/config'), { message: 'cannot read the kubeconfig /nowhere/config: there is no such file' })
})
