/** Admission plugins chosen and configured by an operator, one of the operator's own, and a webhook that judges images. */

import { deepEqual, equal, match, notEqual } from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { runProgram } from '../e2e/cluster-under-test.ts'
import { startReviewServer } from './review-server.ts'
import { root, startServer } from './server-under-test.ts'

const PLUGIN = join(root, 'examples/admission-plugin/image-registries.ts')
const PODS = '/api/v1/namespaces/default/pods'
const pod = (name: string, image: string, more: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name },
  spec: { containers: [{ name: 'c', image }], ...more },
})

function folder(files: Readonly<Record<string, string>>) {
  const path = mkdtempSync(join(tmpdir(), 'k8ts-admission-'))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text)
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}

const CONFIGURATION = `
apiVersion: apiserver.config.k8s.io/v1
kind: AdmissionConfiguration
plugins:
- name: PodSecurity
  path: pod-security.yaml
- name: ImageRegistries
  configuration: {registries: [registry.example]}
`
const POD_SECURITY = `
apiVersion: pod-security.admission.config.k8s.io/v1
kind: PodSecurityConfiguration
defaults: {enforce: baseline, warn: restricted}
exemptions: {namespaces: [kube-system]}
`

test('plugins run as flags and files say, beside one of the operator’s own', async () => {
  using files = folder({ 'admission.yaml': CONFIGURATION, 'pod-security.yaml': POD_SECURITY })
  await using server = await startServer({
    command: 'kube-apiserver',
    flags: [
      '--datastore=memory',
      '--disable-admission-plugins=ServiceAccount',
      '--enable-admission-plugins=AlwaysPullImages,NamespaceAutoProvision',
      '--default-not-ready-toleration-seconds=7',
      `--admission-control-config-file=${join(files.path, 'admission.yaml')}`,
      `--admission-plugin-file=${PLUGIN}`,
    ],
  })
  const made = await server.call('POST', PODS, pod('a', 'app:1'))
  equal(made.status, 201)
  const { spec } = made.json<{
    spec: { containers: { image: string; imagePullPolicy: string }[]; tolerations: { tolerationSeconds: number }[] }
  }>()
  const [container] = spec.containers
  deepEqual(
    spec.tolerations.map((t) => t.tolerationSeconds),
    [7, 300],
  )
  deepEqual([container!.image, container!.imagePullPolicy], ['registry.example/app:1', 'Always'])
  match(String(made.headers['warning']), /^299 - "would violate PodSecurity \\"restricted:latest\\": allowPrivilegeEscalation != false/)

  const refusal = async (given: object) => (await server.call('POST', PODS, given)).json<{ message: string }>().message
  equal(
    await refusal(pod('b', 'other.example/app:1')),
    'pods "b" is forbidden: container c takes its image from elsewhere than registry.example',
  )
  equal(
    await refusal(pod('b', 'app:1', { hostNetwork: true })),
    'pods "b" is forbidden: violates PodSecurity "baseline:latest": host namespaces (hostNetwork=true)',
  )
  equal((await server.call('POST', '/api/v1/namespaces/fresh/pods', pod('c', 'app:1'))).status, 201)
  const { text } = await server.call('GET', '/metrics')
  match(
    text,
    /pod_security_evaluations_total\{decision="deny",mode="enforce",policy_level="baseline",policy_version="latest",request_operation="create",resource="pod",subresource=""\} 1/,
  )
  match(
    text,
    /apiserver_admission_controller_admission_duration_seconds_count\{name="ImageRegistries",type="validate",operation="CREATE",rejected="true"\} 1/,
  )
})

test('what is wrong with plugins is said in one sentence, and the server does not start', async () => {
  using files = folder({
    'unknown.yaml': 'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins: [{nam: x}]\n',
    'levels.yaml':
      'apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- name: PodSecurity\n  configuration:\n' +
      '    apiVersion: pod-security.admission.config.k8s.io/v1\n    kind: PodSecurityConfiguration\n    defaults: {enforce: high}\n',
    'empty.ts': 'export const plugin = {}\n',
  })
  const at = (name: string) => join(files.path, name)
  const ends = async (...flags: readonly string[]) => {
    const words = ['kube-apiserver', '--data-dir', at('data'), '--secure-port', '0', '--bind-address', '127.0.0.1', '--datastore=memory']
    const ran = await runProgram(join(root, 'k8ts'), [...words, ...flags], process.env)
    notEqual(ran.code, 0)
    return ran.err
  }
  match(await ends('--enable-admission-plugins=Nonsense'), /enable-admission-plugins plugin "Nonsense" is unknown/)
  match(
    await ends('--enable-admission-plugins=AlwaysDeny', '--disable-admission-plugins=AlwaysDeny'),
    /map\[AlwaysDeny:\{\}\] in enable-admission-plugins and disable-admission-plugins overlapped/,
  )
  match(await ends('--admission-control-config-file=/none'), /unable to read admission control configuration from "\/none" \[ENOENT/)
  match(await ends(`--admission-control-config-file=${at('unknown.yaml')}`), /strict decoding error: unknown field "plugins\[0\]\.nam"/)
  match(
    await ends(`--admission-control-config-file=${at('levels.yaml')}`),
    /failed to initialize admission: couldn't init admission plugin "PodSecurity": PodSecurity invalid: defaults\.enforce: Invalid value: "high": must be one of privileged, baseline, restricted/,
  )
  match(
    await ends(`--admission-plugin-file=${at('empty.ts')}`),
    /exports no admission plugin: its export plugin needs a name and a function make/,
  )
  match(
    await ends(`--admission-plugin-file=${PLUGIN}`),
    /couldn't init admission plugin "ImageRegistries": registries: at least one is needed/,
  )
})

test('a webhook judges the images of pods, and its answers are kept', async () => {
  using files = folder({})
  const kubeconfig = join(files.path, 'hook.kubeconfig')
  const configuration = join(files.path, 'admission.yaml')
  await using reviews = await startReviewServer(kubeconfig, ({ containers }) => {
    const images = (containers as readonly { readonly image: string }[]).map(({ image }) => image)
    if (images.includes('broken')) return 404
    return images.includes('bad') ? { allowed: false, reason: 'it is bad' } : { allowed: true }
  })
  const write = (more: string) =>
    writeFileSync(
      configuration,
      `apiVersion: apiserver.config.k8s.io/v1\nkind: AdmissionConfiguration\nplugins:\n- name: ImagePolicyWebhook\n  configuration:\n    imagePolicy: {kubeConfigFile: ${JSON.stringify(kubeconfig)}, retryBackoff: 1${more}}\n`,
    )
  const flags = [
    '--datastore=memory',
    '--disable-admission-plugins=ServiceAccount',
    '--enable-admission-plugins=ImagePolicyWebhook',
    `--admission-control-config-file=${configuration}`,
  ]
  write('')
  {
    await using server = await startServer({ command: 'kube-apiserver', flags })
    equal((await server.call('POST', PODS, pod('a', 'good'))).status, 201)
    equal((await server.call('POST', PODS, pod('b', 'good'))).status, 201)
    deepEqual(reviews.asked, [
      {
        apiVersion: 'imagepolicy.k8s.io/v1alpha1',
        kind: 'ImageReview',
        metadata: {},
        spec: { containers: [{ image: 'good' }], namespace: 'default' },
      },
    ])
    const bad = await server.call('POST', PODS, pod('c', 'bad'))
    equal(
      bad.json<{ message: string }>().message,
      'pods "c" is forbidden: image policy webhook backend denied one or more images: it is bad',
    )
    // a debug container of a pod that is there is judged like any other (CVE-2023-2727)
    const debug = { spec: { ephemeralContainers: [{ name: 'e', image: 'bad' }] } }
    const later = await server.call('PATCH', `${PODS}/a/ephemeralcontainers`, debug, {
      contentType: 'application/strategic-merge-patch+json',
    })
    deepEqual([later.status, later.json<{ reason: string }>().reason], [403, 'Forbidden'])
    const broken = await server.call('POST', PODS, pod('d', 'broken'))
    deepEqual([broken.status, broken.json<{ reason: string }>().reason], [403, 'Forbidden'])
  }
  write(', defaultAllow: true')
  await using server = await startServer({ command: 'kube-apiserver', flags })
  equal((await server.call('POST', PODS, pod('d', 'broken'))).status, 201)
})
