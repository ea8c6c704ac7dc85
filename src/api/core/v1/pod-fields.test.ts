/** One pod per sort of rule, each with everything that is said of it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Pod } from './pod.ts'
import { decode } from '#schema/decode.ts'
import { withDefaults } from '#schema/defaults.ts'
import { causes } from '#schema/field-error.ts'
import { validate } from '#schema/validate.ts'

/** What is said of a pod with these members in its spec and in its only container, as `reason field: message`. */
function said(spec: object, container: object = {}, metadata: object = {}): string[] {
  const input = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'default', ...metadata },
    spec: { containers: [{ name: 'c', image: 'a:1', ...container }], serviceAccountName: 'default', ...spec },
  }
  const pod = withDefaults(Pod.schema, decode(Pod.schema, input).value)
  return causes(validate(Pod.schema, pod)).map(({ reason, field, message }) => `${reason.replace('FieldValue', '')} ${field}: ${message}`)
}

const of = (container: object) => said({}, container)
const C = 'spec.containers[0]'

test('names of variables, and where their values come from', () => {
  const env = (variable: object) => of({ env: [{ name: 'A', ...variable }] })
  assert.deepEqual(env({ name: 'a=b' }), [
    `Invalid ${C}.env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than '='`,
  ])
  assert.deepEqual(env({ valueFrom: {} }), [
    `Invalid ${C}.env[0].valueFrom: Invalid value: "": must specify one of: \`fieldRef\`, \`resourceFieldRef\`, \`configMapKeyRef\`, \`secretKeyRef\` or \`fileKeyRef\``,
  ])
  assert.deepEqual(env({ valueFrom: { fieldRef: { fieldPath: 'metadata.labels' } } }), [
    `NotSupported ${C}.env[0].valueFrom.fieldRef.fieldPath: Unsupported value: "metadata.labels": supported values: "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName", "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs"`,
  ])
  assert.deepEqual(env({ valueFrom: { fieldRef: { fieldPath: 'spec.foo' } } }), [
    `Invalid ${C}.env[0].valueFrom.fieldRef.fieldPath: Invalid value: "spec.foo": error converting fieldPath: field label not supported: spec.foo`,
  ])
  assert.deepEqual(env({ valueFrom: { resourceFieldRef: { resource: 'limits.cpu', divisor: '2' } } }), [
    `Invalid ${C}.env[0].valueFrom.resourceFieldRef.divisor: Invalid value: "limits.cpu": only divisor's values 1m and 1 are supported with the cpu resource`,
  ])
  assert.deepEqual(env({ valueFrom: { resourceFieldRef: { resource: 'limits.memory', divisor: '1Mi' } } }), [])
  assert.deepEqual(env({ valueFrom: { fileKeyRef: { volumeName: 'v', path: '../f', key: 'K' } } }), [
    `Invalid ${C}.env[0].valueFrom.fileKeyRef.path: Invalid value: "../f": must not contain '..'`,
    `NotFound ${C}.env[0].valueFrom.fileKeyRef.volumeName: Not found: "v"`,
  ])
  assert.deepEqual(of({ envFrom: [{}] }), [
    `Invalid ${C}.envFrom: Invalid value: "": must specify one of: \`configMapRef\` or \`secretRef\``,
  ])
})

test('ports and host ports', () => {
  assert.deepEqual(of({ ports: [{ containerPort: 0 }, { containerPort: 70_000, name: 'a--b' }] }), [
    `Required ${C}.ports[0].containerPort: Required value`,
    `Invalid ${C}.ports[1].name: Invalid value: "a--b": must not contain consecutive hyphens`,
    `Invalid ${C}.ports[1].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive`,
  ])
  const twice = { containerPort: 80, hostPort: 80 }
  assert.deepEqual(of({ ports: [twice, twice] }), [`Duplicate ${C}.ports[1].hostPort: Duplicate value: "TCP//80"`])
  assert.deepEqual(said({ hostNetwork: true }, { ports: [{ containerPort: 80, hostPort: 81 }] }), [
    `Invalid ${C}.ports[0].hostPort: Invalid value: 81: must match \`containerPort\` when \`hostNetwork\` is true`,
  ])
})

test('mounts and devices', () => {
  const volumes = [{ name: 'v', emptyDir: {} }]
  const mounts = (...volumeMounts: object[]) => said({ volumes }, { volumeMounts })
  assert.deepEqual(mounts({ name: 'v', mountPath: '/a', subPath: '/x', mountPropagation: 'Bidirectional', recursiveReadOnly: 'Enabled' }), [
    `Invalid ${C}.volumeMounts.subPath: Invalid value: "/x": must be a relative path`,
    `Forbidden ${C}.volumeMounts.mountPropagation: Forbidden: Bidirectional mount propagation is available only to privileged containers`,
    `Forbidden ${C}.volumeMounts.recursiveReadOnly: Forbidden: may only be specified when readOnly is true`,
    `Forbidden ${C}.volumeMounts.recursiveReadOnly: Forbidden: may only be specified when mountPropagation is None or not specified`,
  ])
  assert.deepEqual(said({ volumes }, { volumeDevices: [{ name: 'v', devicePath: '/../x' }] }), [
    `Invalid ${C}.volumeDevices[0].name: Invalid value: "v": can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode`,
    `Invalid ${C}.volumeDevices[0].devicePath: Invalid value: "/../x": can not contain backsteps ('..')`,
  ])
  assert.deepEqual(said({ volumes: [{ name: 'v', hostPath: { path: '/..' } }] }, { volumeMounts: [{ name: 'v', mountPath: '/a' }] }), [
    `Invalid spec.volumes[0].hostPath.path: Invalid value: "/..": must not contain '..'`,
    `NotFound ${C}.volumeMounts[0].name: Not found: "v"`,
  ])
})

test('probes and hooks', () => {
  assert.deepEqual(of({ readinessProbe: { grpc: { port: 0 }, terminationGracePeriodSeconds: 0 } }), [
    `Invalid ${C}.readinessProbe.grpc.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
    `Invalid ${C}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must be greater than 0`,
    `Invalid ${C}.readinessProbe.terminationGracePeriodSeconds: Invalid value: 0: must not be set for readinessProbes`,
  ])
  assert.deepEqual(of({ livenessProbe: { exec: {}, tcpSocket: { port: 1 }, successThreshold: 2 } }), [
    `Required ${C}.livenessProbe.exec.command: Required value`,
    `Forbidden ${C}.livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type`,
    `Invalid ${C}.livenessProbe.successThreshold: Invalid value: 2: must be 1`,
  ])
  assert.deepEqual(of({ lifecycle: { preStop: { sleep: { seconds: 31 } }, stopSignal: 'SIGTERM' } }), [
    `Invalid ${C}.lifecycle.preStop.sleep: Invalid value: 31: must be non-negative and less than terminationGracePeriodSeconds (30)`,
    `Forbidden ${C}.lifecycle.stopSignal: Forbidden: may not be set for containers with empty \`spec.os.name\``,
  ])
})

test('amounts of resources and devices', () => {
  assert.deepEqual(of({ resources: { limits: { foo: '1' } } }), [
    `Invalid ${C}.resources.limits[foo]: Invalid value: "foo": must be a standard resource type or fully qualified`,
    `Invalid ${C}.resources.limits[foo]: Invalid value: "foo": must be a standard resource for containers`,
    `Invalid ${C}.resources.requests[foo]: Invalid value: "foo": must be a standard resource type or fully qualified`,
    `Invalid ${C}.resources.requests[foo]: Invalid value: "foo": must be a standard resource for containers`,
  ])
  assert.deepEqual(of({ resources: { limits: { 'hugepages-2Mi': '3Mi' }, requests: { 'hugepages-2Mi': '3Mi' } } }), [
    `Invalid ${C}.resources.limits[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
    `Invalid ${C}.resources.requests[hugepages-2Mi]: Invalid value: "3Mi": 3Mi is not positive integer multiple of hugepages-2Mi`,
    `Forbidden ${C}.resources: Forbidden: HugePages require cpu or memory`,
  ])
  assert.deepEqual(said({ resourceClaims: [{ name: 'd', resourceClaimName: 'x' }] }, { resources: { claims: [{ name: 'e' }] } }), [
    `NotFound ${C}.resources.claims[0]: Not found: "e": must be one of the names in pod.spec.resourceClaims: d`,
  ])
  assert.deepEqual(said({ resourceClaims: [{ name: 'd' }] }), [
    'Invalid spec.resourceClaims[0]: Invalid value: {"name":"d"}: must specify one of: `resourceClaimName`, `resourceClaimTemplateName`',
  ])
  assert.deepEqual(said({ resources: { requests: { cpu: '1', storage: '1' } } }, { resources: { requests: { cpu: '2' } } }), [
    'NotSupported spec.resources.requests[storage]: Unsupported value: "storage": supported values: "cpu", "hugepages-", "memory"',
    'Invalid spec.resources.requests[cpu]: Invalid value: "1": must be greater than or equal to aggregate container requests of 2',
  ])
  assert.deepEqual(said({ overhead: { cpu: '-1' } }), [
    'Invalid spec.overhead.limits[cpu]: Invalid value: "-1": must be greater than or equal to 0',
  ])
})

test('restart policies of containers, their rules, and what is resized without a restart', () => {
  assert.deepEqual(of({ restartPolicyRules: [{ action: 'Stop', exitCodes: { operator: 'Is' } }, { action: 'Restart' }] }), [
    `Required ${C}.restartPolicy: Required value: must specify restartPolicy when restart rules are used`,
    `NotSupported ${C}.restartPolicyRules[0].action: Unsupported value: "Stop": supported values: "Restart", "RestartAllContainers"`,
    `NotSupported ${C}.restartPolicyRules[0].exitCodes.operator: Unsupported value: "Is": supported values: "In", "NotIn"`,
    `Required ${C}.restartPolicyRules[1].exitCodes: Required value: must be specified`,
  ])
  assert.deepEqual(said({ restartPolicy: 'Never' }, { resizePolicy: [{ resourceName: 'disk', restartPolicy: 'RestartContainer' }] }), [
    `NotSupported ${C}.resizePolicy: Unsupported value: "disk": supported values: "cpu", "memory"`,
    `Invalid ${C}.resizePolicy: Invalid value: "RestartContainer": must be 'NotRequired' when pod \`restartPolicy\` is 'Never'`,
  ])
})

test('security contexts', () => {
  assert.deepEqual(of({ securityContext: { procMount: 'Unmasked', runAsUser: -1, appArmorProfile: { type: 'Localhost' } } }), [
    `Invalid ${C}.securityContext.runAsUser: Invalid value: -1: must be between 0 and 2147483647, inclusive`,
    `Invalid ${C}.securityContext.procMount: Invalid value: "Unmasked": \`hostUsers\` must be false to use \`Unmasked\``,
    `Required ${C}.securityContext.appArmorProfile.localhostProfile: Required value: must be set when AppArmor type is Localhost`,
  ])
  assert.deepEqual(
    said({
      hostNetwork: true,
      securityContext: {
        sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }],
        seccompProfile: {},
        fsGroupChangePolicy: 'Never',
        supplementalGroupsPolicy: 'Loose',
        seLinuxChangePolicy: 'MountOption',
      },
    }),
    [
      'Invalid spec.securityContext.sysctls[0].name: Invalid value: "net.ipv4.tcp_rmem": may not be specified when \'hostNetwork\' is true',
      'NotSupported spec.securityContext.fsGroupChangePolicy: Unsupported value: "Never": supported values: "Always", "OnRootMismatch"',
      'Required spec.securityContext.seccompProfile.type: Required value: type is required when seccompProfile is set',
      'NotSupported spec.securityContext.supplementalGroupsPolicy: Unsupported value: "Loose": supported values: "Merge", "Strict"',
      'NotSupported spec.securityContext.seLinuxChangePolicy: Unsupported value: "MountOption": supported values: "Recursive"',
    ],
  )
  assert.deepEqual(said({ hostUsers: false, hostPID: true, shareProcessNamespace: true }), [
    'Invalid spec.shareProcessNamespace: Invalid value: true: ShareProcessNamespace and HostPID cannot both be enabled',
    'Forbidden spec.HostPID: Forbidden: when `hostUsers` is false',
  ])
})

test('what is for Windows only, and what is not', () => {
  assert.deepEqual(said({ os: { name: 'plan9' } }), [
    'NotSupported spec.os: Unsupported value: "plan9": supported values: "linux", "windows"',
  ])
  assert.deepEqual(
    said({ os: { name: 'linux' } }, { securityContext: { windowsOptions: { hostProcess: true, runAsUserName: 'a\\b\\c' } } }),
    [
      `Invalid ${C}.securityContext.windowsOptions.runAsUserName: Invalid value: "a\\\\b\\\\c": runAsUserName cannot contain more than one backslash`,
      'Invalid spec.hostNetwork: Invalid value: false: hostNetwork must be true if pod contains any hostProcess containers',
      `Forbidden ${C}.securityContext.windowsOptions: Forbidden: windows options cannot be set for a linux pod`,
    ],
  )
  assert.deepEqual(
    said({ os: { name: 'windows' }, hostPID: true, securityContext: { fsGroup: 1 } }, { securityContext: { privileged: true } }),
    [
      'Forbidden spec.securityContext.fsGroup: Forbidden: cannot be set for a windows pod',
      'Forbidden spec.hostPID: Forbidden: cannot be set for a windows pod',
      `Forbidden ${C}.securityContext.privileged: Forbidden: cannot be set for a windows pod`,
    ],
  )
})

test('volumes and their sources', () => {
  const volume = (source: object) => said({ volumes: [{ name: 'v', ...source }] })
  const at = 'spec.volumes[0]'
  assert.deepEqual(volume({ emptyDir: {}, hostPath: { path: '/x' } }), [
    `Forbidden ${at}.hostPath: Forbidden: may not specify more than 1 volume type`,
  ])
  assert.deepEqual(volume({ configMap: { defaultMode: 512, items: [{ key: 'k', path: '..f' }] } }), [
    `Required ${at}.configMap.name: Required value`,
    `Invalid ${at}.configMap.defaultMode: Invalid value: 512: must be a number between 0 and 0777 (octal), both inclusive`,
    `Invalid ${at}.configMap.items[0].path: Invalid value: "..f": must not start with '..'`,
  ])
  assert.deepEqual(volume({ iscsi: { targetPortal: 'p', iqn: 'x', lun: 256 } }), [
    `Invalid ${at}.iscsi.iqn: Invalid value: "x": must be valid format starting with iqn, eui, or naa`,
    `Invalid ${at}.iscsi.lun: Invalid value: 256: must be between 0 and 255, inclusive`,
  ])
  assert.deepEqual(volume({ image: {} }), [`Required ${at}.image.reference: Required value`])
  assert.deepEqual(volume({ ephemeral: {} }), [`Required ${at}.ephemeral.volumeClaimTemplate: Required value`])
  assert.deepEqual(volume({ csi: { driver: 'a_b', nodePublishSecretRef: {} } }).slice(1), [
    `Required ${at}.csi.nodePublishSecretRef.name: Required value`,
  ])
  assert.deepEqual(
    volume({ projected: { sources: [{ serviceAccountToken: { path: 'a', expirationSeconds: 1 }, secret: { name: 's' } }] } }),
    [
      `Invalid ${at}.projected.sources[0].serviceAccountToken.expirationSeconds: Invalid value: 1: may not specify a duration less than 10 minutes`,
      `Forbidden ${at}.projected.sources[0]: Forbidden: may not specify more than 1 volume type per source`,
    ],
  )
  assert.deepEqual(
    volume({ projected: { sources: [{ clusterTrustBundle: { path: 'a' } }, { podCertificate: { signerName: 'a.b/c', keyType: 'X' } }] } }),
    [
      `Required ${at}.projected.sources[0].clusterTrustBundle: Required value: either name or signerName must be specified`,
      `NotSupported ${at}.projected.sources[1].podCertificate.keyType: Unsupported value: "X": supported values: "RSA3072", "RSA4096", "ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519"`,
      `Required ${at}.projected.sources[1].podCertificate: Required value: specify at least one of credentialBundlePath, keyPath, and certificateChainPath`,
    ],
  )
})

test('where a pod may run, and beside whom', () => {
  assert.deepEqual(said({ tolerations: [{ key: 'a', operator: 'Gt', value: '1' }, { tolerationSeconds: 1 }] }), [
    'NotSupported spec.tolerations[0].operator: Unsupported value: "Gt": supported values: "Equal", "Exists", "Lt", "Gt"',
    'Invalid spec.tolerations[1].operator: Invalid value: "": operator must be Exists when `key` is empty, which means "match all values and all keys"',
    `Invalid spec.tolerations[1].effect: Invalid value: "": effect must be 'NoExecute' when \`tolerationSeconds\` is set`,
  ])
  const hard = 'requiredDuringSchedulingIgnoredDuringExecution'
  assert.deepEqual(said({ affinity: { nodeAffinity: { [hard]: { nodeSelectorTerms: [] } } } }), [
    `Required spec.affinity.nodeAffinity.${hard}.nodeSelectorTerms: Required value: must have at least one node selector term`,
  ])
  assert.deepEqual(said({ affinity: { podAffinity: { [hard]: [{ topologyKey: 'a', matchLabelKeys: ['b'] }] } } }), [
    `Forbidden spec.affinity.podAffinity.${hard}[0].matchLabelKeys: Forbidden: must not be specified when labelSelector is not set`,
  ])
  const constraint = { maxSkew: 0, topologyKey: 'a', whenUnsatisfiable: 'ScheduleAnyway', minDomains: 1 }
  assert.deepEqual(said({ topologySpreadConstraints: [constraint, { ...constraint, maxSkew: 1, minDomains: undefined }] }), [
    'Invalid spec.topologySpreadConstraints[0].maxSkew: Invalid value: 0: must be greater than zero',
    'Duplicate spec.topologySpreadConstraints[0].{topologyKey, whenUnsatisfiable}: Duplicate value: "{a, ScheduleAnyway}"',
    'Invalid spec.topologySpreadConstraints[0].minDomains: Invalid value: 1: can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway',
  ])
})

test('names of the host, its resolver and its hosts file', () => {
  assert.deepEqual(said({ hostnameOverride: 'a.b', setHostnameAsFQDN: true, hostname: 'a.b' }), [
    'Forbidden spec.hostnameOverride: Forbidden: may not be specified when setHostnameAsFQDN is true',
    'Invalid spec.hostname: Invalid value: "a.b": must not contain dots',
  ])
  assert.deepEqual(said({ dnsPolicy: 'None' }), [
    'Required spec.dnsConfig: Required value: must provide `dnsConfig` when `dnsPolicy` is None',
  ])
  assert.deepEqual(said({ dnsConfig: { searches: ['a_b.c', '-'], nameservers: ['::1'] } }), [
    `Invalid spec.dnsConfig.searches[1]: Invalid value: "-": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_', or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?(\\.[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?)*')`,
  ])
  assert.deepEqual(said({ hostAliases: [{ ip: '1.2.3.4', hostnames: ['a', 'B'] }] }).length, 1)
})

test('annotations that mean something', () => {
  assert.deepEqual(
    said({}, {}, { annotations: { 'controller.kubernetes.io/pod-deletion-cost': '+1', 'kubernetes.io/config.mirror': 'x' } }),
    [
      'Invalid metadata.annotations[kubernetes.io/config.mirror]: Invalid value: "x": must set spec.nodeName if mirror pod annotation is set',
      'Invalid metadata.annotations[controller.kubernetes.io/pod-deletion-cost]: Invalid value: "+1": must be a 32bit integer',
    ],
  )
})

test('init and ephemeral containers', () => {
  const init = { name: 'i', image: 'a:1' }
  assert.deepEqual(said({ initContainers: [{ ...init, readinessProbe: { exec: { command: ['x'] } } }] }), [
    'Forbidden spec.initContainers[0].readinessProbe: Forbidden: may not be set for init containers without restartPolicy=Always',
  ])
  assert.deepEqual(said({ ephemeralContainers: [{ name: 'e', image: ' a', targetContainerName: 'x', ports: [{ containerPort: 1 }] }] }), [
    'Invalid spec.ephemeralContainers[0].image: Invalid value: " a": must not have leading or trailing whitespace',
    'NotFound spec.ephemeralContainers[0].targetContainerName: Not found: "x"',
    'Forbidden spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral Container',
  ])
})
