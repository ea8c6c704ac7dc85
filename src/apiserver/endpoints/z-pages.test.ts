import { deepEqual, equal, throws } from 'node:assert/strict'
import { test } from 'node:test'
import { zPage } from './z-pages.ts'
import { kubernetesVersion } from '#base/version.ts'
import { StatusError } from '#client/client.ts'

const component = {
  name: 'kube-apiserver',
  started: Date.UTC(2026, 0, 2, 3, 4, 5) as never,
  flags: { 'secure-port': '6443', 'anonymous-auth': 'true' },
}
const now = Date.UTC(2026, 0, 2, 4, 6, 8) as never
const page = (path: string, accept?: string, warn: (text: string) => void = () => {}) =>
  zPage(component, { path, accept, now, paths: ['/livez', '/readyz'], warn })
const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'

test('the pages are text for whoever asks for nothing else', () => {
  const statusz = page('/statusz', '*/*')
  const version = `Go version: ${kubernetesVersion.goVersion}\nBinary version: 1.36\nEmulation version: 1.36\nPaths: /livez /readyz\n`
  const body = `\nkube-apiserver statusz\n${WARNING}\n\nStarted: Fri Jan  2 03:04:05 UTC 2026\nUp: 1 hr 02 min 03 sec\n${version}`
  deepEqual(statusz, { type: 'bytes', status: 200, headers: { 'content-type': 'text/plain; charset=utf-8' }, body })
  const flagz = page('/flagz')
  equal(flagz?.body, `\nkube-apiserver flags\n${WARNING}\n\nanonymous-auth=true\nsecure-port=6443\n`)
})

test('the pages are objects for whoever names group, version and kind', () => {
  const flagz = page('/flagz', 'application/json;v=v1beta1;g=config.k8s.io;as=Flagz')
  deepEqual(JSON.parse(String(flagz?.body)), {
    kind: 'Flagz',
    apiVersion: 'config.k8s.io/v1beta1',
    metadata: { name: 'kube-apiserver' },
    flags: { 'anonymous-auth': 'true', 'secure-port': '6443' },
  })
  const warnings: string[] = []
  const statusz = page('/statusz', 'application/json;v=v1alpha1;g=config.k8s.io;as=Statusz', (text) => warnings.push(text))
  deepEqual(JSON.parse(String(statusz?.body)), {
    kind: 'Statusz',
    apiVersion: 'config.k8s.io/v1alpha1',
    metadata: { name: 'kube-apiserver' },
    startTime: '2026-01-02T03:04:05Z',
    uptimeSeconds: 3723,
    goVersion: kubernetesVersion.goVersion,
    binaryVersion: '1.36',
    emulationVersion: '1.36',
    paths: ['/livez', '/readyz'],
  })
  deepEqual(warnings, ['config.k8s.io/v1alpha1 Statusz is deprecated'])
})

test('JSON without saying which object is not acceptable, and a later clause counts', () => {
  throws(
    () => page('/statusz', 'application/json'),
    (error) => error instanceof StatusError && error.status.code === 406,
  )
  const fallback = page('/statusz', 'application/json;v=v9;g=config.k8s.io;as=Statusz,*/*')
  equal(fallback?.headers['content-type'], 'text/plain; charset=utf-8')
  equal(page('/elsewhere'), undefined)
})
