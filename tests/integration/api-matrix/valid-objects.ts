/** A valid object of every stored GA kind: the rows of the matrix of kinds and verbs. */

const selector = { matchLabels: { app: 'matrix' } }
const container = { name: 'main', image: 'example/app:1' }
const template = { metadata: { labels: { app: 'matrix' } }, spec: { containers: [container] } }
const runOnce = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } }
const webhook = {
  name: 'check.example.com',
  clientConfig: { url: 'https://example.com/check' },
  sideEffects: 'None',
  admissionReviewVersions: ['v1'],
}
const match = { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] }
const devices = { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpus.example.com' } }] }
const user = { kind: 'User', apiGroup: 'rbac.authorization.k8s.io', name: 'someone' }
const metric = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 80 } } }
const scaled = { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' }, maxReplicas: 3 }
/** Certificates and requests are made by the test; they are not constants. */
export interface Made {
  readonly certificateRequest: string
  readonly trustBundle: string
  /** A certificate request in DER, as base64. */
  readonly stubRequest: string
}

/** By `apiVersion/resource`: everything but apiVersion, kind and `metadata.name`. */
export function validObjects(made: Made): Readonly<Record<string, object>> {
  return {
    'v1/configmaps': { data: { a: '1' } },
    'v1/endpoints': { subsets: [{ addresses: [{ ip: '10.0.0.1' }], ports: [{ port: 80 }] }] },
    'v1/events': { involvedObject: { kind: 'Pod', namespace: 'default', name: 'p' }, reason: 'Tried', message: 'it did', type: 'Normal' },
    'v1/limitranges': { spec: { limits: [{ type: 'Container', max: { cpu: '2' }, min: { cpu: '1m' } }] } },
    'v1/namespaces': {},
    'v1/nodes': { spec: { podCIDR: '10.244.9.0/24', podCIDRs: ['10.244.9.0/24'] } },
    'v1/persistentvolumeclaims': { spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } } },
    'v1/persistentvolumes': { spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteOnce'], hostPath: { path: '/var/matrix' } } },
    'v1/pods': { spec: { containers: [container] } },
    'v1/podtemplates': { template },
    'v1/replicationcontrollers': { spec: { replicas: 0, selector: { app: 'matrix' }, template } },
    'v1/resourcequotas': { spec: { hard: { pods: '1000' } } },
    'v1/secrets': { data: { a: 'MQ==' } },
    'v1/serviceaccounts': { automountServiceAccountToken: true },
    'v1/services': { spec: { selector: { app: 'matrix' }, ports: [{ port: 80 }] } },
    'admissionregistration.k8s.io/v1/mutatingadmissionpolicies': {
      spec: {
        matchConstraints: match,
        reinvocationPolicy: 'Never',
        mutations: [{ patchType: 'ApplyConfiguration', applyConfiguration: { expression: 'Object{}' } }],
      },
    },
    'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings': { spec: { policyName: 'matrix-absent' } },
    'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': { webhooks: [webhook] },
    'admissionregistration.k8s.io/v1/validatingadmissionpolicies': {
      spec: { matchConstraints: match, validations: [{ expression: 'true' }] },
    },
    'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': {
      spec: { policyName: 'matrix-absent', validationActions: ['Deny'] },
    },
    'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': { webhooks: [webhook] },
    'apiextensions.k8s.io/v1/customresourcedefinitions': {
      spec: {
        group: 'matrix.example.com',
        scope: 'Namespaced',
        names: { plural: 'gadgets', kind: 'Gadget' },
        versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } }],
      },
    },
    'apiregistration.k8s.io/v1/apiservices': {
      spec: {
        group: 'matrix.example.com',
        version: 'v1',
        groupPriorityMinimum: 100,
        versionPriority: 10,
        insecureSkipTLSVerify: true,
        service: { namespace: 'default', name: 'absent' },
      },
    },
    'apps/v1/controllerrevisions': { revision: 1, data: { any: 'thing' } },
    'apps/v1/daemonsets': { spec: { selector, template } },
    'apps/v1/deployments': { spec: { replicas: 0, selector, template } },
    'apps/v1/replicasets': { spec: { replicas: 0, selector, template } },
    'apps/v1/statefulsets': { spec: { replicas: 0, serviceName: 'matrix', selector, template } },
    'autoscaling/v1/horizontalpodautoscalers': { spec: { ...scaled, targetCPUUtilizationPercentage: 80 } },
    'autoscaling/v2/horizontalpodautoscalers': { spec: { ...scaled, metrics: [metric] } },
    'batch/v1/cronjobs': { spec: { schedule: '0 0 1 1 *', jobTemplate: { spec: { template: runOnce } } } },
    'batch/v1/jobs': { spec: { suspend: true, template: runOnce } },
    'certificates.k8s.io/v1/certificatesigningrequests': {
      spec: { request: made.certificateRequest, signerName: 'example.com/matrix', usages: ['client auth'] },
    },
    'certificates.k8s.io/v1/clustertrustbundles': { spec: { trustBundle: made.trustBundle } },
    'certificates.k8s.io/v1/podcertificaterequests': {
      spec: {
        signerName: 'example.com/matrix',
        podName: 'matrix',
        podUID: 'pod-uid',
        serviceAccountName: 'default',
        serviceAccountUID: 'account-uid',
        nodeName: 'matrix',
        nodeUID: 'node-uid',
        maxExpirationSeconds: 3600,
        stubPKCS10Request: made.stubRequest,
      },
    },
    'coordination.k8s.io/v1/leases': { spec: { holderIdentity: 'matrix', leaseDurationSeconds: 15 } },
    'discovery.k8s.io/v1/endpointslices': {
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.1'] }],
      ports: [{ name: 'web', port: 80, protocol: 'TCP' }],
    },
    'events.k8s.io/v1/events': {
      regarding: { kind: 'Pod', namespace: 'default', name: 'p' },
      eventTime: '2026-01-01T00:00:00.000000Z',
      reportingController: 'example.com/matrix',
      reportingInstance: 'matrix-1',
      action: 'Try',
      reason: 'Tried',
      type: 'Normal',
    },
    'flowcontrol.apiserver.k8s.io/v1/flowschemas': {
      spec: {
        priorityLevelConfiguration: { name: 'global-default' },
        matchingPrecedence: 9000,
        rules: [
          { subjects: [{ kind: 'User', user: { name: 'someone' } }], nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/matrix'] }] },
        ],
      },
    },
    'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations': {
      spec: { type: 'Limited', limited: { nominalConcurrencyShares: 5, limitResponse: { type: 'Reject' } } },
    },
    'networking.k8s.io/v1/ingressclasses': { spec: { controller: 'example.com/ingress' } },
    'networking.k8s.io/v1/ingresses': { spec: { defaultBackend: { service: { name: 'web', port: { number: 80 } } } } },
    'networking.k8s.io/v1/ipaddresses': { spec: { parentRef: { resource: 'services', namespace: 'default', name: 'absent' } } },
    'networking.k8s.io/v1/networkpolicies': { spec: { podSelector: {} } },
    'networking.k8s.io/v1/servicecidrs': { spec: { cidrs: ['10.222.0.0/24'] } },
    'node.k8s.io/v1/runtimeclasses': { handler: 'runc' },
    'policy/v1/poddisruptionbudgets': { spec: { minAvailable: 1, selector } },
    'rbac.authorization.k8s.io/v1/clusterrolebindings': {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [user],
    },
    'rbac.authorization.k8s.io/v1/clusterroles': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
    'rbac.authorization.k8s.io/v1/rolebindings': {
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' },
      subjects: [user],
    },
    'rbac.authorization.k8s.io/v1/roles': { rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }] },
    'resource.k8s.io/v1/deviceclasses': { spec: { selectors: [{ cel: { expression: 'device.driver == "gpu.example.com"' } }] } },
    'resource.k8s.io/v1/devicetaintrules': {
      spec: { deviceSelector: { driver: 'gpu.example.com' }, taint: { key: 'example.com/broken', effect: 'NoSchedule' } },
    },
    'resource.k8s.io/v1/resourceclaims': { spec: { devices } },
    'resource.k8s.io/v1/resourceclaimtemplates': { spec: { spec: { devices } } },
    'resource.k8s.io/v1/resourceslices': {
      spec: {
        driver: 'gpu.example.com',
        nodeName: 'matrix',
        pool: { name: 'pool', generation: 1, resourceSliceCount: 1 },
        devices: [{ name: 'gpu-0' }],
      },
    },
    'scheduling.k8s.io/v1/priorityclasses': { value: 1000 },
    'storage.k8s.io/v1/csidrivers': { spec: { attachRequired: false } },
    'storage.k8s.io/v1/csinodes': { spec: { drivers: [{ name: 'disk.example.com', nodeID: 'n1' }] } },
    'storage.k8s.io/v1/csistoragecapacities': { storageClassName: 'fast', capacity: '1Gi' },
    'storage.k8s.io/v1/storageclasses': { provisioner: 'disk.example.com' },
    'storage.k8s.io/v1/volumeattachments': {
      spec: { attacher: 'disk.example.com', nodeName: 'n1', source: { persistentVolumeName: 'pv' } },
    },
    'storage.k8s.io/v1/volumeattributesclasses': { driverName: 'disk.example.com', parameters: { iops: '100' } },
    'storagemigration.k8s.io/v1/storageversionmigrations': { spec: { resource: { group: 'apps', resource: 'deployments' } } },
  }
}

/** Names of the three objects a row makes, where the kind does not take any name. */
export const prescribedNames: Readonly<Record<string, readonly [string, string, string]>> = {
  'apiextensions.k8s.io/v1/customresourcedefinitions': [
    'gadgets.matrix.example.com',
    'gizmos.matrix.example.com',
    'widgets.matrix.example.com',
  ],
  'apiregistration.k8s.io/v1/apiservices': ['v1.matrix.example.com', 'v2.matrix.example.com', 'v3.matrix.example.com'],
  'networking.k8s.io/v1/ipaddresses': ['10.222.0.10', '10.222.0.11', '10.222.0.12'],
}

/** What the name of an object repeats of its spec, as a merge patch; by `apiVersion/resource`. */
export const saidInNames: Readonly<Record<string, (name: string) => Readonly<Record<string, unknown>>>> = {
  'apiextensions.k8s.io/v1/customresourcedefinitions': (name) => {
    const plural = name.split('.')[0]!
    return { spec: { names: { plural, singular: plural.slice(0, -1), kind: plural.slice(0, -1), listKind: null } } }
  },
  'apiregistration.k8s.io/v1/apiservices': (name) => ({ spec: { version: name.split('.')[0]! } }),
}
