/** Which plugins run by default and by flags, and what configuration files may say. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { pluginConfigurations } from './configuration.ts'
import { chosenPlugins } from './plugin-choice.ts'
import { STANDARD_PLUGINS } from './standard-plugins.ts'

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

test('the plugins are upstream’s, in upstream’s order and with its defaults, but for one that every installer turns on', () => {
  const order = `AlwaysAdmit NamespaceAutoProvision NamespaceLifecycle NamespaceExists LimitPodHardAntiAffinityTopology LimitRanger
    ServiceAccount NodeRestriction TaintNodesByCondition AlwaysPullImages ImagePolicyWebhook PodSecurity PodNodeSelector Priority
    DefaultTolerationSeconds PodTolerationRestriction EventRateLimit ExtendedResourceToleration DefaultStorageClass
    StorageObjectInUseProtection PodGroupProtection OwnerReferencesPermissionEnforcement PersistentVolumeClaimResize RuntimeClass
    CertificateApproval CertificateSigning ClusterTrustBundleAttest CertificateSubjectRestriction DefaultIngressClass
    DenyServiceExternalIPs PodTopologyLabels PodGroupWorkloadExists NodeDeclaredFeatureValidator JobValidation PodResizeValidator
    MutatingAdmissionPolicy MutatingAdmissionWebhook ValidatingAdmissionPolicy ValidatingAdmissionWebhook ResourceQuota AlwaysDeny`.split(
    /\s+/,
  )
  const off = `AlwaysAdmit AlwaysDeny AlwaysPullImages DenyServiceExternalIPs EventRateLimit ExtendedResourceToleration ImagePolicyWebhook
    LimitPodHardAntiAffinityTopology NamespaceAutoProvision NamespaceExists OwnerReferencesPermissionEnforcement PodNodeSelector
    PodTolerationRestriction`.split(/\s+/)
  const names = STANDARD_PLUGINS.map((row) => row.name)
  assert.deepEqual(
    names,
    order.filter((name) => names.includes(name)),
  )
  assert.deepEqual(
    order.filter((name) => !names.includes(name) && name !== 'MutatingAdmissionPolicy'),
    [],
  )
  assert.deepEqual(
    STANDARD_PLUGINS.filter((row) => !row.on)
      .map((row) => row.name)
      .toSorted(),
    off,
  )
})
