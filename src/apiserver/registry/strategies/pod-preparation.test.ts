/** What becomes of a pod before anybody looks at it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { withAppArmorFields, withLabelKeys, withoutDisabled, withoutDisabledStatus } from './pod-preparation.ts'
import type { Pod, PodSpec, PodStatus } from '#api/core/v1/pod.ts'

const spec = (parts: object = {}): PodSpec => ({ containers: [{ name: 'c', image: 'i' }], ...parts }) as unknown as PodSpec
const stopping = spec({ containers: [{ name: 'c', image: 'i', lifecycle: { stopSignal: 'SIGUSR1' } }] })

test('members of features that are off go', () => {
  const sources = [{ podCertificate: { signerName: 's' } }, { configMap: { name: 'm' } }]
  const wanted = spec({ schedulingGroup: { podGroupName: 'g' }, volumes: [{ name: 'v', projected: { sources } }] })
  assert.deepEqual(withoutDisabled(wanted), spec({ volumes: [{ name: 'v', projected: { sources: [{}, { configMap: { name: 'm' } }] } }] }))
  assert.deepEqual(withoutDisabled(stopping), spec())
})

test('what the stored pod uses already stays', () => {
  assert.deepEqual(withoutDisabled(stopping, stopping), stopping)
})

test('so it is with the status', () => {
  const mount = { name: 'v', mountPath: '/v' }
  const status = (volumeMounts: object[]) => ({ containerStatuses: [{ name: 'c', volumeMounts }] }) as unknown as PodStatus
  const told = status([{ ...mount, volumeStatus: { image: {} } }])
  assert.deepEqual(withoutDisabledStatus(told, status([mount])), status([mount]))
  assert.deepEqual(withoutDisabledStatus(told, told), told)
})

test("values of the pod's own labels become part of its selectors", () => {
  const term = { topologyKey: 'zone', labelSelector: { matchLabels: { app: 'a' } }, matchLabelKeys: ['rev'], mismatchLabelKeys: ['tenant'] }
  const affinity = {
    podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [term, { topologyKey: 'zone', matchLabelKeys: ['rev'] }] },
  }
  const constraint = {
    maxSkew: 1,
    topologyKey: 'zone',
    whenUnsatisfiable: 'DoNotSchedule',
    labelSelector: {},
    matchLabelKeys: ['rev', 'gone'],
  }
  const rev = { key: 'rev', operator: 'In', values: ['7'] }
  const tenant = { key: 'tenant', operator: 'NotIn', values: ['t'] }
  assert.deepEqual(
    withLabelKeys(spec({ affinity, topologySpreadConstraints: [constraint] }), { rev: '7', tenant: 't' }),
    spec({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [
            { ...term, labelSelector: { ...term.labelSelector, matchExpressions: [rev, tenant] } },
            { topologyKey: 'zone', matchLabelKeys: ['rev'] },
          ],
        },
      },
      topologySpreadConstraints: [{ ...constraint, labelSelector: { matchExpressions: [rev] } }],
    }),
  )
})

test('profiles in annotations become fields, with a warning', () => {
  const key = 'container.apparmor.security.beta.kubernetes.io/c'
  const pod = (profile: string, parts: object = {}): Pod =>
    ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p', annotations: { [key]: profile } },
      spec: spec(parts),
      status: {},
    }) as unknown as Pod
  const warnings: string[] = []
  const profileOf = (made: Pod) => made.spec.containers[0]!.securityContext?.appArmorProfile
  const warn = (text: string) => void warnings.push(text)
  assert.deepEqual(profileOf(withAppArmorFields(pod('localhost/mine'), warn)), { type: 'Localhost', localhostProfile: 'mine' })
  assert.deepEqual(warnings, [`metadata.annotations[${key}]: deprecated since v1.30; use the "appArmorProfile" field instead`])
  const same = pod('runtime/default', { securityContext: { appArmorProfile: { type: 'RuntimeDefault' } } })
  assert.equal(profileOf(withAppArmorFields(same, warn)), undefined)
  const windows = pod('unconfined', { os: { name: 'windows' } })
  assert.equal(withAppArmorFields(windows, warn), windows)
  assert.equal(warnings.length, 1)
})
