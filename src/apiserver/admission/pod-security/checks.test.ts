/** Every check of the Pod Security Standards: what it lets through, what it refuses, in which words, from which version on. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PodLike } from './check.ts'
import { detailText, violations } from './evaluate.ts'
import type { LevelVersion } from './policy.ts'

const baseline = (minor?: number): LevelVersion => ({ level: 'baseline', minor })
const restricted = (minor?: number): LevelVersion => ({ level: 'restricted', minor })
const pod = (spec: object, annotations?: object) => ({ spec, metadata: { annotations } }) as unknown as PodLike
const of = (securityContext: object, more: object = {}) => pod({ containers: [{ name: 'a', securityContext }], ...more })
const says = (level: LevelVersion, given: PodLike) => detailText(violations(level, given))

/** What is enough for the restricted level. */
const SAFE = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
}
const safe = (more: object, spec: object = {}) => of({ ...SAFE, ...more }, spec)

const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/a'
const SECCOMP = 'container.seccomp.security.alpha.kubernetes.io/a'

const CASES: readonly (readonly [what: string, level: LevelVersion, pod: PodLike, text: string])[] = [
  ['nothing said', baseline(), of({}), ''],
  ['privileged level', { level: 'privileged', minor: undefined }, of({ privileged: true }), ''],
  [
    'AppArmor profiles',
    baseline(),
    pod(
      {
        securityContext: { appArmorProfile: { type: 'Unconfined' } },
        containers: [{ name: 'a', securityContext: { appArmorProfile: { type: 'Odd' } } }],
      },
      { [APP_ARMOR]: 'unconfined' },
    ),
    `forbidden AppArmor profiles (pod and container "a" and annotation must not set AppArmor profile type to "Odd", "Unconfined", "${APP_ARMOR}="unconfined"")`,
  ],
  [
    'good AppArmor profiles',
    baseline(),
    pod({ containers: [{ name: 'a', securityContext: { appArmorProfile: { type: 'Localhost' } } }] }, { [APP_ARMOR]: 'localhost/x' }),
    '',
  ],
  [
    'capabilities',
    baseline(),
    of({ capabilities: { add: ['NET_RAW', 'CHOWN', 'BPF'] } }),
    'non-default capabilities (container "a" must not include "BPF", "NET_RAW" in securityContext.capabilities.add)',
  ],
  [
    'host namespaces',
    baseline(),
    pod({ hostIPC: true, hostPID: true, hostNetwork: true, containers: [] }),
    'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
  ],
  [
    'hostPath volumes',
    baseline(),
    pod({
      volumes: [
        { name: 'v', hostPath: {} },
        { name: 'w', emptyDir: {} },
        { name: 'x', hostPath: {} },
      ],
    }),
    'hostPath volumes (volumes "v", "x")',
  ],
  [
    'host ports, of init and debug containers, too',
    baseline(),
    pod({
      containers: [{ name: 'a', ports: [{ hostPort: 80 }, { containerPort: 1 }] }],
      initContainers: [{ name: 'i', ports: [{ hostPort: 9 }] }],
      ephemeralContainers: [{ name: 'e', ports: [{ hostPort: 80 }] }],
    }),
    'hostPort (containers "i", "a", "e" use hostPorts 80, 9)',
  ],
  [
    'hosts of probes',
    baseline(34),
    pod({
      containers: [
        { name: 'a', livenessProbe: { httpGet: { host: 'h' } } },
        { name: 'b', lifecycle: { preStop: { tcpSocket: { host: 'h' } } } },
        { name: 'c', readinessProbe: { httpGet: {} } },
      ],
    }),
    'probe or lifecycle host (containers "a", "b" use probe or lifecycle host "h")',
  ],
  ['hosts of probes before 1.34', baseline(33), pod({ containers: [{ name: 'a', livenessProbe: { httpGet: { host: 'h' } } }] }), ''],
  ['privileged', baseline(), of({ privileged: true }), 'privileged (container "a" must not set securityContext.privileged=true)'],
  [
    'procMount',
    baseline(),
    of({ procMount: 'Unmasked' }),
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  ['procMount with users of its own', baseline(), of({ procMount: 'Unmasked' }, { hostUsers: false }), ''],
  [
    'procMount with users of its own before 1.35',
    baseline(34),
    of({ procMount: 'Unmasked' }, { hostUsers: false }),
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'procMount with users of its own, restricted',
    restricted(),
    safe({ procMount: 'Unmasked' }, { hostUsers: false }),
    'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
  ],
  [
    'SELinux options',
    baseline(),
    of({ seLinuxOptions: { type: 'bad', user: 'u', role: 'r' } }, { securityContext: { seLinuxOptions: { user: 'u' } } }),
    'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "bad"; user may not be set; role may not be set)',
  ],
  ['the SELinux type of engines', baseline(31), of({ seLinuxOptions: { type: 'container_engine_t' } }), ''],
  [
    'the SELinux type of engines before 1.31',
    baseline(30),
    of({ seLinuxOptions: { type: 'container_engine_t' } }),
    'seLinuxOptions (container "a" set forbidden securityContext.seLinuxOptions: type "container_engine_t")',
  ],
  [
    'seccomp profiles',
    baseline(),
    of({ seccompProfile: { type: 'Unconfined' } }, { securityContext: { seccompProfile: { type: 'Unconfined' } } }),
    'seccompProfile (pod and container "a" must not set securityContext.seccompProfile.type to "Unconfined")',
  ],
  [
    'seccomp annotations before 1.19',
    baseline(18),
    pod({ containers: [{ name: 'a' }] }, { [SECCOMP]: 'unconfined', 'seccomp.security.alpha.kubernetes.io/pod': 'docker/default' }),
    `seccompProfile (forbidden annotation ${SECCOMP}="unconfined")`,
  ],
  [
    'sysctls',
    baseline(),
    pod({ securityContext: { sysctls: [{ name: 'kernel.msgmax' }, { name: 'net.ipv4.tcp_rmem' }, { name: 'a.b' }] } }),
    'forbidden sysctls (kernel.msgmax, a.b)',
  ],
  [
    'sysctls before they were safe',
    baseline(26),
    pod({
      securityContext: {
        sysctls: [
          { name: 'net.ipv4.ip_local_reserved_ports' },
          { name: 'net.ipv4.tcp_keepalive_time' },
          { name: 'kernel.shm_rmid_forced' },
        ],
      },
    }),
    'forbidden sysctls (net.ipv4.ip_local_reserved_ports, net.ipv4.tcp_keepalive_time)',
  ],
  [
    'host processes',
    baseline(),
    of({ windowsOptions: { hostProcess: true } }),
    'hostProcess (container "a" must not set securityContext.windowsOptions.hostProcess=true)',
  ],
  ['a safe pod', restricted(), safe({}), ''],
  [
    'a pod that says nothing',
    restricted(),
    pod({ containers: [{ name: 'a' }, { name: 'b' }] }),
    'allowPrivilegeEscalation != false (containers "a", "b" must set securityContext.allowPrivilegeEscalation=false), ' +
      'unrestricted capabilities (containers "a", "b" must set securityContext.capabilities.drop=["ALL"]), ' +
      'runAsNonRoot != true (pod or containers "a", "b" must set securityContext.runAsNonRoot=true), ' +
      'seccompProfile (pod or containers "a", "b" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  ['a Windows pod that says only who it runs as', restricted(25), of({ runAsNonRoot: true }, { os: { name: 'windows' } }), ''],
  [
    'capabilities, told of once',
    restricted(),
    safe({ capabilities: { drop: ['ALL'], add: ['BPF', 'NET_BIND_SERVICE'] } }),
    'unrestricted capabilities (container "a" must not include "BPF" in securityContext.capabilities.add)',
  ],
  ['capabilities before 1.22', restricted(21), safe({ capabilities: {} }), ''],
  [
    'volumes',
    restricted(),
    safe(
      {},
      {
        volumes: [
          { name: 'h', hostPath: {} },
          { name: 'n', nfs: {} },
          { name: 'i', image: {} },
          { name: 's', secret: {} },
        ],
      },
    ),
    'restricted volume types (volumes "h", "n", "i" use restricted volume types "hostPath", "nfs", "unknown")',
  ],
  [
    'runAsNonRoot switched off',
    restricted(),
    safe({ runAsNonRoot: false }, { securityContext: { runAsNonRoot: false } }),
    'runAsNonRoot != true (pod and container "a" must not set securityContext.runAsNonRoot=false)',
  ],
  ['root with users of its own', restricted(), safe({ runAsNonRoot: false, runAsUser: 0 }, { hostUsers: false }), ''],
  ['root', restricted(), safe({ runAsUser: 0 }), 'runAsUser=0 (container "a" must not set runAsUser=0)'],
  ['root before 1.23', restricted(22), safe({ runAsUser: 0 }), ''],
  [
    'no seccomp profile but for one container',
    restricted(),
    pod({
      containers: [
        { name: 'a', securityContext: { ...SAFE, seccompProfile: undefined } },
        { name: 'b', securityContext: SAFE },
      ],
    }),
    'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
  ],
  ['a version that is yet to come', restricted(99), safe({ runAsUser: 0 }), 'runAsUser=0 (container "a" must not set runAsUser=0)'],
]

for (const [what, level, given, text] of CASES) test(what, () => assert.equal(says(level, given), text))

const BAD_CONTAINERS: Readonly<Record<string, object>> = {
  appArmor: { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
  capabilities: { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } },
  hostPort: { ports: [{ hostPort: 1 }] },
  hosts: { startupProbe: { tcpSocket: { host: 'h' } } },
  privileged: { securityContext: { privileged: true } },
  procMount: { securityContext: { procMount: 'Unmasked' } },
  seLinux: { securityContext: { seLinuxOptions: { user: 'u' } } },
  seccomp: { securityContext: { seccompProfile: { type: 'Unconfined' } } },
  windows: { securityContext: { windowsOptions: { hostProcess: true } } },
}

test('what one container may not do, no init container, sidecar or debug container may', () => {
  const lists = [
    (c: object) => ({ containers: [{ name: 'a', ...c }] }),
    (c: object) => ({ containers: [], initContainers: [{ name: 'a', ...c }] }),
    (c: object) => ({ containers: [], initContainers: [{ name: 'a', restartPolicy: 'Always', ...c }] }),
    (c: object) => ({ containers: [], ephemeralContainers: [{ name: 'a', ...c }] }),
  ]
  for (const [what, container] of Object.entries(BAD_CONTAINERS)) {
    const texts = lists.map((list) => says(baseline(), pod(list(container))))
    assert.notEqual(texts[0], '', what)
    assert.deepEqual(new Set(texts).size, 1, what)
  }
  const wanted = lists.map((list) => violations(restricted(), pod(list({}))).length)
  assert.deepEqual(wanted, [4, 4, 4, 4])
})

test('what the restricted level asks for, the baseline level does not refuse', () => {
  for (const minor of [undefined, ...Array.from({ length: 40 }, (_, i) => i)]) {
    assert.equal(says(restricted(minor), safe({})), '')
    for (const container of Object.values(BAD_CONTAINERS)) {
      const given = pod({ containers: [{ name: 'a', ...container }] })
      const [few, many] = [violations(baseline(minor), given).length, violations(restricted(minor), given).length]
      assert.equal(few <= many, true)
    }
  }
})
