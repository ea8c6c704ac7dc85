/** Validating policies alone: what a hundred of them with twenty rules each add to a write that all of them are about. */

import type { ValidatingAdmissionPolicyBinding } from '#api/admissionregistration/v1/validating-admission-policy-binding.ts'
import type { ValidatingAdmissionPolicy } from '#api/admissionregistration/v1/validating-admission-policy.ts'
import { deployments } from '#api/apps/v1/deployment.ts'
import type { Namespace } from '#api/core/v1/namespace.ts'
import type { AdmissionRequest } from '#apiserver/admission/admission.ts'
import { systemClock } from '#base/clock.ts'
import { validatingPolicies } from '#apiserver/admission/policy/validating-policies.ts'
import { median, percentile, type Figure } from './figures.ts'

const POLICIES = 100
const ROUNDS = 400
const WARM_UP = 200

/** What policies say of workloads, from the plain to those that look at every container. */
const RULES = [
  'object.spec.replicas <= 50',
  'object.spec.replicas >= 1',
  "has(object.metadata.labels) && 'app' in object.metadata.labels",
  "object.metadata.name.matches('^[a-z][a-z0-9-]*$')",
  "object.metadata.namespace != 'kube-system'",
  "request.operation == 'CREATE' || oldObject != null",
  '!has(object.spec.template.spec.hostNetwork) || object.spec.template.spec.hostNetwork == false',
  '!has(object.spec.template.spec.hostPID)',
  "object.spec.template.spec.containers.all(c, c.image.startsWith('registry.example.com/'))",
  "object.spec.template.spec.containers.all(c, !c.image.endsWith(':latest'))",
  'object.spec.template.spec.containers.all(c, has(c.resources) && has(c.resources.limits))',
  "object.spec.template.spec.containers.all(c, has(c.resources.requests) && 'cpu' in c.resources.requests)",
  'size(object.spec.template.spec.containers) <= 5',
  "object.spec.strategy.type == 'RollingUpdate'",
  'object.spec.selector.matchLabels.app == object.spec.template.metadata.labels.app',
  '!has(object.spec.template.spec.volumes) || !object.spec.template.spec.volumes.exists(v, has(v.hostPath))',
  'object.spec.template.spec.securityContext.runAsNonRoot == true',
  "namespaceObject.metadata.labels['team'] == 'shop'",
  "request.userInfo.username.startsWith('user-')",
  "object.spec.template.spec.restartPolicy in ['Always']",
]

export async function benchAdmission(): Promise<readonly Figure[]> {
  const metadata = (name: string) => ({ name, uid: name, resourceVersion: '1', creationTimestamp: '' })
  const resourceRules = [{ operations: ['*'], apiGroups: ['apps'], apiVersions: ['v1'], resources: ['deployments'], scope: '*' }]
  const policies = Array.from({ length: POLICIES }, (_, i) => ({
    metadata: metadata(`policy-${i}`),
    spec: {
      failurePolicy: 'Fail',
      matchConstraints: { resourceRules, matchPolicy: 'Equivalent', namespaceSelector: {}, objectSelector: {} },
      // no two policies say quite the same
      validations: RULES.map((rule, index) => ({ expression: `(${rule}) || ${i} == ${POLICIES + index}` })),
    },
  })) as unknown as readonly ValidatingAdmissionPolicy[]
  const bindings = policies.map(({ metadata: { name } }) => ({
    metadata: metadata(name),
    spec: { policyName: name, validationActions: ['Deny'] },
  })) as unknown as readonly ValidatingAdmissionPolicyBinding[]
  const namespace = { metadata: { ...metadata('shop'), labels: { team: 'shop' } } } as unknown as Namespace
  const plugin = validatingPolicies({
    policies: () => policies,
    bindings: () => bindings,
    namespace: async () => namespace,
    findKind: async () => undefined,
    authorizer: { authorize: () => ({ type: 'allow', reason: '' }) },
    clock: systemClock,
    counts: { decided: () => {} },
  })
  const each: number[] = []
  for (let round = 0; round < WARM_UP + ROUNDS; round++) {
    const request = requestOf(round)
    const began = performance.now()
    await plugin.validate!(request)
    if (round >= WARM_UP) each.push(performance.now() - began)
  }
  return [
    {
      what: 'admission by 100 policies of 20 rules each',
      measured: `${median(each).toFixed(2)} ms, p99 ${percentile(each, 0.99).toFixed(2)} ms`,
      budget: '1 ms',
      met: median(each) < 1,
    },
  ]
}

function requestOf(round: number): AdmissionRequest {
  const container = (name: string) => ({
    name,
    image: `registry.example.com/${name}:1.${round}`,
    resources: { requests: { cpu: '100m' }, limits: { cpu: '1' } },
  })
  const labels = { app: 'web' }
  const object = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: `web-${round}`, namespace: 'shop', labels },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      strategy: { type: 'RollingUpdate' },
      template: {
        metadata: { labels },
        spec: {
          containers: [container('main'), container('side')],
          securityContext: { runAsNonRoot: true },
          restartPolicy: 'Always',
          volumes: [{ name: 'data', emptyDir: {} }],
        },
      },
    },
  }
  return {
    operation: 'CREATE',
    resource: deployments,
    subresource: '',
    namespace: 'shop',
    name: object.metadata.name,
    object,
    user: { username: `user-${round}`, groups: ['system:authenticated'] },
    dryRun: false,
    warn: () => {},
  } as unknown as AdmissionRequest
}

if (import.meta.main) for (const { what, measured } of await benchAdmission()) console.log(`${what}: ${measured}`)
