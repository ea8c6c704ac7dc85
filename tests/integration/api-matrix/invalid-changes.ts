/** What makes a valid object of each kind invalid: merge patches, and the causes of the 422 they get, as `field reason: message`. */

export interface InvalidChange {
  readonly change: Readonly<Record<string, unknown>>
  readonly causes: readonly string[]
}

/** By `apiVersion/resource`. The changes are applied to the valid object of the kind. */
export const invalidChanges: Readonly<Record<string, readonly InvalidChange[]>> = {
  'v1/configmaps': [
    {
      change: { data: { 'no spaces': 'x' } },
      causes: [
        "data[no spaces] FieldValueInvalid: Invalid value: \"no spaces\": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
      ],
    },
    {
      change: { data: { a: '1' }, binaryData: { a: 'MQ==' } },
      causes: ['data[a] FieldValueInvalid: Invalid value: "a": duplicate of key present in binaryData'],
    },
    {
      change: { metadata: { labels: { 'a b': 'c' } } },
      causes: [
        "metadata.labels FieldValueInvalid: Invalid value: \"a b\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
      ],
    },
    {
      change: { metadata: { name: 'Upper' } },
      causes: [
        "metadata.name FieldValueInvalid: Invalid value: \"Upper\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    },
  ],
  'v1/endpoints': [
    {
      change: { subsets: [{ addresses: [{ ip: 'ten' }], ports: [{ port: 0 }] }] },
      causes: [
        'subsets[0].addresses[0].ip FieldValueInvalid: Invalid value: "ten": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'subsets[0].addresses[0].ip FieldValueInvalid: Invalid value: "ten": must be a valid IP address',
        'subsets[0].ports[0].port FieldValueInvalid: Invalid value: 0: must be between 1 and 65535, inclusive',
      ],
    },
  ],
  'v1/events': [
    {
      change: { involvedObject: { namespace: 'elsewhere' } },
      causes: ['involvedObject.namespace FieldValueInvalid: Invalid value: "elsewhere": does not match event.namespace'],
    },
  ],
  'v1/limitranges': [
    {
      change: { spec: { limits: [{ type: 'Container', max: { cpu: '1' }, min: { cpu: '2' } }] } },
      causes: [
        'spec.limits[0].min[cpu] FieldValueInvalid: Invalid value: "2": min value 2 is greater than max value 1',
        'spec.limits[0].defaultRequest[cpu] FieldValueInvalid: Invalid value: "1": min value 2 is greater than default request value 1',
        'spec.limits[0].default[cpu] FieldValueInvalid: Invalid value: "2": min value 2 is greater than default value 1',
      ],
    },
    {
      change: { spec: { limits: [{ type: 'Container' }, { type: 'Container' }] } },
      causes: ['spec.limits[1].type FieldValueDuplicate: Duplicate value: "Container"'],
    },
  ],
  'v1/namespaces': [
    {
      change: { metadata: { name: 'Upper' } },
      causes: [
        "metadata.name FieldValueInvalid: Invalid value: \"Upper\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    },
    { change: { metadata: { name: 'a.b' } }, causes: ['metadata.name FieldValueInvalid: Invalid value: "a.b": must not contain dots'] },
  ],
  'v1/nodes': [
    {
      change: { spec: { taints: [{ key: 'a', effect: 'Sometimes' }] } },
      causes: [
        'metadata.taints[0].effect FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "NoSchedule", "PreferNoSchedule", "NoExecute"',
      ],
    },
  ],
  'v1/persistentvolumeclaims': [
    {
      change: { spec: { accessModes: [] } },
      causes: ['spec.accessModes FieldValueRequired: Required value: at least 1 access mode is required'],
    },
    {
      change: { spec: { resources: { requests: { storage: '0' } } } },
      causes: ['spec.resources[storage] FieldValueInvalid: Invalid value: "0": must be greater than zero'],
    },
    {
      change: { spec: { accessModes: ['Sometimes'] } },
      causes: [
        'spec.accessModes FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"',
      ],
    },
  ],
  'v1/persistentvolumes': [
    { change: { spec: { hostPath: null } }, causes: ['spec FieldValueRequired: Required value: must specify a volume type'] },
    {
      change: { spec: { nfs: { server: 's', path: '/p' } } },
      causes: ['spec.nfs FieldValueForbidden: Forbidden: may not specify more than 1 volume type'],
    },
    {
      change: { spec: { capacity: null } },
      causes: [
        'spec.capacity FieldValueRequired: Required value',
        'spec.capacity FieldValueNotSupported: Unsupported value: {}: supported values: "storage"',
      ],
    },
    {
      change: { spec: { persistentVolumeReclaimPolicy: 'Keep' } },
      causes: [
        'spec.persistentVolumeReclaimPolicy FieldValueNotSupported: Unsupported value: "Keep": supported values: "Delete", "Recycle", "Retain"',
      ],
    },
  ],
  'v1/pods': [
    {
      change: { spec: { restartPolicy: 'Sometimes' } },
      causes: [
        'spec.restartPolicy FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
      ],
    },
    { change: { spec: { containers: [] } }, causes: ['spec.containers FieldValueRequired: Required value'] },
    {
      change: { spec: { containers: [{ name: 'Bad', image: '' }] } },
      causes: [
        "spec.containers[0].name FieldValueInvalid: Invalid value: \"Bad\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'spec.containers[0].image FieldValueRequired: Required value',
      ],
    },
    {
      change: { spec: { volumes: [{ name: 'v' }, { name: 'v', emptyDir: {} }] } },
      causes: ['spec.volumes[1].name FieldValueDuplicate: Duplicate value: "v"'],
    },
    {
      change: {
        spec: {
          containers: [
            {
              name: 'a',
              image: 'i',
              ports: [{ containerPort: 99999 }],
              volumeMounts: [{ name: 'none', mountPath: '/x' }],
              resources: { requests: { cpu: '2' }, limits: { cpu: '1' } },
            },
          ],
        },
      },
      causes: [
        'spec.containers[0].ports[0].containerPort FieldValueInvalid: Invalid value: 99999: must be between 1 and 65535, inclusive',
        'spec.containers[0].volumeMounts[0].name FieldValueNotFound: Not found: "none"',
        'spec.containers[0].resources.requests FieldValueInvalid: Invalid value: "2": must be less than or equal to cpu limit of 1',
      ],
    },
  ],
  'v1/podtemplates': [
    {
      change: { template: { spec: { dnsPolicy: 'Nowhere' } } },
      causes: [
        'template.spec.dnsPolicy FieldValueNotSupported: Unsupported value: "Nowhere": supported values: "ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"',
      ],
    },
  ],
  'v1/replicationcontrollers': [
    {
      change: { spec: { replicas: -1 } },
      causes: ['spec.replicas FieldValueInvalid: Invalid value: -1: must be greater than or equal to 0'],
    },
    {
      change: { spec: { selector: { other: 'x' } } },
      causes: [
        'spec.template.metadata.labels FieldValueInvalid: Invalid value: {"app":"matrix"}: `selector` does not match template `labels`',
      ],
    },
  ],
  'v1/resourcequotas': [
    {
      change: { spec: { hard: { pods: '-1' } } },
      causes: ['spec.hard[pods] FieldValueInvalid: Invalid value: "-1": must be greater than or equal to 0'],
    },
    { change: { spec: { scopes: ['Nowhere'] } }, causes: ['spec.scopes FieldValueInvalid: Invalid value: ["Nowhere"]: unsupported scope'] },
  ],
  'v1/secrets': [
    {
      change: { type: 'kubernetes.io/tls' },
      causes: ['data[tls.crt] FieldValueRequired: Required value', 'data[tls.key] FieldValueRequired: Required value'],
    },
    {
      change: { type: 'kubernetes.io/dockerconfigjson', data: { '.dockerconfigjson': 'e30x' } },
      causes: [
        'data[.dockerconfigjson] FieldValueInvalid: Invalid value: "<secret contents redacted>": invalid character \'1\' after top-level value',
      ],
    },
  ],
  'v1/serviceaccounts': [
    {
      change: { metadata: { name: 'Upper' } },
      causes: [
        "metadata.name FieldValueInvalid: Invalid value: \"Upper\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    },
  ],
  'v1/services': [
    {
      change: { spec: { ports: [{ port: 80 }, { port: 81 }] } },
      causes: ['spec.ports[0].name FieldValueRequired: Required value', 'spec.ports[1].name FieldValueRequired: Required value'],
    },
    { change: { spec: { ports: [] } }, causes: ['spec.ports FieldValueRequired: Required value'] },
    {
      change: { spec: { type: 'Sometimes' } },
      causes: [
        'spec.type FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
      ],
    },
    {
      change: { spec: { clusterIP: 'ten' } },
      causes: ['spec.clusterIPs[0] FieldValueInvalid: Invalid value: "ten": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    },
    { change: { spec: { type: 'ExternalName' } }, causes: ['spec.externalName FieldValueRequired: Required value'] },
    {
      change: { spec: { sessionAffinity: 'Always' } },
      causes: ['spec.sessionAffinity FieldValueNotSupported: Unsupported value: "Always": supported values: "ClientIP", "None"'],
    },
  ],
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicies': [
    {
      change: { spec: { mutations: [] } },
      causes: ['spec.mutations FieldValueRequired: Required value: mutations must contain at least one item'],
    },
    {
      change: { spec: { failurePolicy: 'Maybe' } },
      causes: ['spec.failurePolicy FieldValueNotSupported: Unsupported value: "Maybe": supported values: "Fail", "Ignore"'],
    },
  ],
  'admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings': [
    { change: { spec: { policyName: '' } }, causes: ['spec.policyName FieldValueRequired: Required value'] },
  ],
  'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations': [
    {
      change: { webhooks: [{ name: 'short', clientConfig: {}, sideEffects: 'Some', admissionReviewVersions: [] }] },
      causes: [
        'webhooks[0].name FieldValueInvalid: Invalid value: "short": should be a domain with at least three segments separated by dots',
        'webhooks[0].sideEffects FieldValueNotSupported: Unsupported value: "Some": supported values: "None", "NoneOnDryRun"',
        'webhooks[0].clientConfig FieldValueRequired: Required value: exactly one of url or service is required',
        'webhooks[0].admissionReviewVersions FieldValueRequired: Required value: must specify one of v1, v1beta1',
      ],
    },
  ],
  'admissionregistration.k8s.io/v1/validatingadmissionpolicies': [
    {
      change: { spec: { validations: [{ expression: '' }] } },
      causes: ['spec.validations[0].expression FieldValueRequired: Required value: expression is not specified'],
    },
    { change: { spec: { matchConstraints: null } }, causes: ['spec.matchConstraints FieldValueRequired: Required value'] },
  ],
  'admissionregistration.k8s.io/v1/validatingadmissionpolicybindings': [
    {
      change: { spec: { validationActions: [] } },
      causes: ['spec.validationActions FieldValueRequired: Required value: at least one validation action is required'],
    },
    {
      change: { spec: { validationActions: ['Deny', 'Warn'] } },
      causes: [
        'spec.validationActions FieldValueInvalid: Invalid value: ["Deny","Warn"]: must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)',
      ],
    },
  ],
  'admissionregistration.k8s.io/v1/validatingwebhookconfigurations': [
    {
      change: {
        webhooks: [
          {
            name: 'check.example.com',
            clientConfig: { url: 'http://example.com' },
            sideEffects: 'None',
            admissionReviewVersions: ['v1'],
            timeoutSeconds: 31,
          },
        ],
      },
      causes: [
        'webhooks[0].timeoutSeconds FieldValueInvalid: Invalid value: 31: the timeout value must be between 1 and 30 seconds',
        'webhooks[0].clientConfig.url FieldValueInvalid: Invalid value: "http": \'https\' is the only allowed URL scheme; desired format: https://host[/path]',
      ],
    },
  ],
  'apiextensions.k8s.io/v1/customresourcedefinitions': [
    {
      change: { spec: { scope: 'Everywhere' } },
      causes: ['spec.scope FieldValueNotSupported: Unsupported value: "Everywhere": supported values: "Cluster", "Namespaced"'],
    },
    {
      change: { metadata: { name: 'other.example.com' } },
      causes: ['metadata.name FieldValueInvalid: Invalid value: "other.example.com": must be spec.names.plural+"."+spec.group'],
    },
    {
      change: { spec: { versions: [] } },
      causes: ['spec.versions FieldValueInvalid: Invalid value: []: must have exactly one version marked as storage version'],
    },
  ],
  'apiregistration.k8s.io/v1/apiservices': [
    {
      change: { metadata: { name: 'v9.other' } },
      causes: [
        'metadata.name FieldValueInvalid: Invalid value: "v9.other": must be `spec.version+"."+spec.group`: "v1.matrix.example.com"',
      ],
    },
    {
      change: { spec: { versionPriority: 0 } },
      causes: ['spec.versionPriority FieldValueInvalid: Invalid value: 0: must be positive and less than 1000'],
    },
  ],
  'apps/v1/controllerrevisions': [
    { change: { revision: -1 }, causes: ['revision FieldValueInvalid: Invalid value: -1: must be greater than or equal to 0'] },
  ],
  'apps/v1/daemonsets': [
    {
      change: { spec: { selector: { matchLabels: { other: 'x' } } } },
      causes: [
        'spec.template.metadata.labels FieldValueInvalid: Invalid value: {"app":"matrix"}: `selector` does not match template `labels`',
      ],
    },
    {
      change: { spec: { template: { spec: { restartPolicy: 'Never' } } } },
      causes: ['spec.template.spec.restartPolicy FieldValueNotSupported: Unsupported value: "Never": supported values: "Always"'],
    },
    {
      change: { spec: { updateStrategy: { type: 'Sometimes' } } },
      causes: [
        'spec.updateStrategy FieldValueNotSupported: Unsupported value: {"type":"Sometimes"}: supported values: "RollingUpdate", "OnDelete"',
      ],
    },
  ],
  'apps/v1/deployments': [
    {
      change: { spec: { selector: { matchLabels: { other: 'x' } } } },
      causes: [
        'spec.template.metadata.labels FieldValueInvalid: Invalid value: {"app":"matrix"}: `selector` does not match template `labels`',
      ],
    },
    {
      change: { spec: { replicas: -1 } },
      causes: ['spec.replicas FieldValueInvalid: Invalid value: -1: must be greater than or equal to 0'],
    },
    {
      change: { spec: { strategy: { rollingUpdate: { maxSurge: 0, maxUnavailable: 0 } } } },
      causes: ['spec.strategy.rollingUpdate.maxUnavailable FieldValueInvalid: Invalid value: 0: may not be 0 when `maxSurge` is 0'],
    },
    {
      change: { spec: { progressDeadlineSeconds: 1, minReadySeconds: 5 } },
      causes: ['spec.progressDeadlineSeconds FieldValueInvalid: Invalid value: 1: must be greater than minReadySeconds'],
    },
  ],
  'apps/v1/replicasets': [
    { change: { spec: { selector: null } }, causes: ['spec.selector FieldValueRequired: Required value'] },
    {
      change: { spec: { replicas: -1 } },
      causes: ['spec.replicas FieldValueInvalid: Invalid value: -1: must be greater than or equal to 0'],
    },
  ],
  'apps/v1/statefulsets': [
    {
      change: { spec: { podManagementPolicy: 'Sometimes' } },
      causes: ["spec.podManagementPolicy FieldValueInvalid: Invalid value: \"Sometimes\": must be 'OrderedReady' or 'Parallel'"],
    },
    {
      change: { spec: { selector: { matchLabels: { other: 'x' } } } },
      causes: [
        'spec.template.metadata.labels FieldValueInvalid: Invalid value: {"app":"matrix"}: `selector` does not match template `labels`',
      ],
    },
    {
      change: { spec: { updateStrategy: { type: 'OnDelete', rollingUpdate: { partition: 1 } } } },
      causes: [
        'spec.updateStrategy.rollingUpdate FieldValueInvalid: Invalid value: {"partition":1}: only allowed for updateStrategy \'RollingUpdate\'',
      ],
    },
  ],
  'autoscaling/v1/horizontalpodautoscalers': [
    {
      change: { spec: { maxReplicas: 0 } },
      causes: [
        'spec.maxReplicas FieldValueInvalid: Invalid value: 0: must be greater than 0',
        'spec.maxReplicas FieldValueInvalid: Invalid value: 0: must be greater than or equal to `minReplicas`',
      ],
    },
    {
      change: { spec: { targetCPUUtilizationPercentage: 0 } },
      causes: ['spec.metrics[0].resource.target.averageUtilization FieldValueInvalid: Invalid value: 0: must be greater than 0'],
    },
  ],
  'autoscaling/v2/horizontalpodautoscalers': [
    {
      change: { spec: { minReplicas: 5 } },
      causes: ['spec.maxReplicas FieldValueInvalid: Invalid value: 3: must be greater than or equal to `minReplicas`'],
    },
    { change: { spec: { scaleTargetRef: { name: '' } } }, causes: ['spec.scaleTargetRef.name FieldValueRequired: Required value'] },
    {
      change: { spec: { metrics: [{ type: 'Resource' }] } },
      causes: ['spec.metrics[0].resource FieldValueRequired: Required value: must populate information for the given metric source'],
    },
  ],
  'batch/v1/cronjobs': [
    {
      change: { spec: { schedule: 'often' } },
      causes: ['spec.schedule FieldValueInvalid: Invalid value: "often": expected exactly 5 fields, found 1: [often]'],
    },
    {
      change: { spec: { timeZone: 'Nowhere/Land' } },
      causes: ['spec.timeZone FieldValueInvalid: Invalid value: "Nowhere/Land": unknown time zone Nowhere/Land'],
    },
    {
      change: { spec: { concurrencyPolicy: 'Sometimes' } },
      causes: [
        'spec.concurrencyPolicy FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "Allow", "Forbid", "Replace"',
      ],
    },
    {
      change: { metadata: { name: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' } },
      causes: [
        'metadata.name FieldValueInvalid: Invalid value: "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx": must be no more than 52 characters',
      ],
    },
  ],
  'batch/v1/jobs': [
    {
      change: { spec: { template: { spec: { restartPolicy: 'Always' } } } },
      causes: ['spec.template.spec.restartPolicy FieldValueRequired: Required value: valid values: "OnFailure", "Never"'],
    },
    {
      change: { spec: { completions: -1 } },
      causes: ['spec.completions FieldValueInvalid: Invalid value: -1: must be greater than or equal to 0'],
    },
  ],
  'certificates.k8s.io/v1/certificatesigningrequests': [
    {
      change: { spec: { signerName: 'nodomain' } },
      causes: [
        'spec.signerName FieldValueInvalid: Invalid value: "nodomain": must be a fully qualified domain and path of the form \'example.com/signer-name\'',
      ],
    },
    { change: { spec: { usages: [] } }, causes: ['spec.usages FieldValueRequired: Required value'] },
    {
      change: { spec: { request: 'MQ==' } },
      causes: ['spec.request FieldValueInvalid: Invalid value: "MQ==": PEM block type must be CERTIFICATE REQUEST'],
    },
    {
      change: { spec: { expirationSeconds: 1 } },
      causes: ['spec.expirationSeconds FieldValueInvalid: Invalid value: 1: may not specify a duration less than 600 seconds (10 minutes)'],
    },
  ],
  'certificates.k8s.io/v1/clustertrustbundles': [
    {
      change: { spec: { trustBundle: 'no PEM' } },
      causes: ['spec.trustBundle FieldValueInvalid: Invalid value: "<value omitted>": at least one trust anchor must be provided'],
    },
  ],
  'coordination.k8s.io/v1/leases': [
    {
      change: { spec: { leaseDurationSeconds: 0 } },
      causes: ['spec.leaseDurationSeconds FieldValueInvalid: Invalid value: 0: must be greater than 0'],
    },
    {
      change: { spec: { leaseTransitions: -1 } },
      causes: ['spec.leaseTransitions FieldValueInvalid: Invalid value: -1: must be greater than or equal to 0'],
    },
  ],
  'discovery.k8s.io/v1/endpointslices': [
    {
      change: { addressType: 'Sometimes' },
      causes: ['addressType FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "FQDN", "IPv4", "IPv6"'],
    },
    { change: { endpoints: [{ addresses: [] }] }, causes: ['endpoints[0].addresses FieldValueRequired: Required value'] },
    {
      change: { endpoints: [{ addresses: ['ten'] }] },
      causes: [
        'endpoints[0].addresses[0] FieldValueInvalid: Invalid value: "ten": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
        'endpoints[0].addresses[0] FieldValueInvalid: Invalid value: "ten": must be a valid IP address',
      ],
    },
  ],
  'flowcontrol.apiserver.k8s.io/v1/flowschemas': [
    {
      change: { spec: { matchingPrecedence: 10001 } },
      causes: ['spec.matchingPrecedence FieldValueInvalid: Invalid value: 10001: must not be greater than 10000'],
    },
    {
      change: { spec: { rules: [{ subjects: [], resourceRules: [] }] } },
      causes: [
        'spec.rules[0].subjects FieldValueRequired: Required value: subjects must contain at least one value',
        'spec.rules[0] FieldValueRequired: Required value: at least one of resourceRules and nonResourceRules has to be non-empty',
      ],
    },
  ],
  'flowcontrol.apiserver.k8s.io/v1/prioritylevelconfigurations': [
    {
      change: { spec: { type: 'Sometimes' } },
      causes: ['spec.type FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "Exempt", "Limited"'],
    },
    {
      change: { spec: { limited: { limitResponse: { type: 'Queue' } } } },
      causes: [
        'spec.limited.limitResponse.queuing FieldValueRequired: Required value: must not be empty if limited.limitResponse.type is Limited',
      ],
    },
  ],
  'networking.k8s.io/v1/ingressclasses': [
    {
      change: { spec: { controller: 'nodomain' } },
      causes: ['spec.controller FieldValueInvalid: Invalid value: "nodomain": must be a domain-prefixed path (such as "acme.io/foo")'],
    },
    {
      change: { spec: { parameters: { kind: '', name: '' } } },
      causes: ['spec.parameters.kind FieldValueRequired: Required value', 'spec.parameters.name FieldValueRequired: Required value'],
    },
  ],
  'networking.k8s.io/v1/ingresses': [
    {
      change: { spec: { defaultBackend: null } },
      causes: ['spec FieldValueInvalid: Invalid value: []: either `defaultBackend` or `rules` must be specified'],
    },
    {
      change: {
        spec: {
          rules: [
            {
              host: '10.0.0.1',
              http: { paths: [{ path: 'x', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }] },
            },
          ],
        },
      },
      causes: [
        'spec.rules[0].host FieldValueInvalid: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
        'spec.rules[0].http.paths[0].path FieldValueInvalid: Invalid value: "x": must be an absolute path',
      ],
    },
  ],
  'networking.k8s.io/v1/ipaddresses': [
    {
      change: { spec: { parentRef: { resource: '', name: '' } } },
      causes: ['spec.parentRef.resource FieldValueRequired: Required value', 'spec.parentRef.name FieldValueRequired: Required value'],
    },
    {
      change: { metadata: { name: 'ten' } },
      causes: ['metadata.name FieldValueInvalid: Invalid value: "ten": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
    },
  ],
  'networking.k8s.io/v1/networkpolicies': [
    {
      change: { spec: { policyTypes: ['Sideways'] } },
      causes: ['spec.policyTypes[0] FieldValueNotSupported: Unsupported value: "Sideways": supported values: "Ingress", "Egress"'],
    },
    {
      change: { spec: { ingress: [{ from: [{ ipBlock: { cidr: 'ten' } }] }] } },
      causes: [
        'spec.ingress[0].from[0].ipBlock.cidr FieldValueInvalid: Invalid value: "ten": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
      ],
    },
  ],
  'networking.k8s.io/v1/servicecidrs': [
    { change: { spec: { cidrs: [] } }, causes: ['spec.cidrs FieldValueRequired: Required value: at least one CIDR required'] },
    {
      change: { spec: { cidrs: ['10.0.0.0/24', '10.1.0.0/24'] } },
      causes: [
        'spec.cidrs FieldValueInvalid: Invalid value: ["10.0.0.0/24","10.1.0.0/24"]: may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64',
      ],
    },
    {
      change: { spec: { cidrs: ['ten'] } },
      causes: ['spec.cidrs[0] FieldValueInvalid: Invalid value: "ten": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)'],
    },
  ],
  'node.k8s.io/v1/runtimeclasses': [
    {
      change: { handler: 'Upper' },
      causes: [
        "handler FieldValueInvalid: Invalid value: \"Upper\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
      ],
    },
    {
      change: { overhead: { podFixed: { 'no such': '1' } } },
      causes: [
        "overhead.limits[no such] FieldValueInvalid: Invalid value: \"no such\": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')",
        'overhead.limits[no such] FieldValueInvalid: Invalid value: "no such": must be a standard resource for containers',
      ],
    },
  ],
  'policy/v1/poddisruptionbudgets': [
    {
      change: { spec: { minAvailable: 1, maxUnavailable: 1 } },
      causes: [
        'spec FieldValueInvalid: Invalid value: {"minAvailable":1,"selector":{"matchLabels":{"app":"matrix"}},"maxUnavailable":1}: minAvailable and maxUnavailable cannot be both set',
      ],
    },
    {
      change: { spec: { minAvailable: '120%' } },
      causes: ['spec.minAvailable FieldValueInvalid: Invalid value: "120%": must not be greater than 100%'],
    },
    {
      change: { spec: { minAvailable: -1 } },
      causes: ['spec.minAvailable FieldValueInvalid: Invalid value: -1: must be greater than or equal to 0'],
    },
  ],
  'rbac.authorization.k8s.io/v1/clusterrolebindings': [
    {
      change: { roleRef: { kind: 'Role' } },
      causes: ['roleRef.kind FieldValueNotSupported: Unsupported value: "Role": supported values: "ClusterRole"'],
    },
    {
      change: { subjects: [{ kind: 'Robot', name: 'x' }] },
      causes: ['subjects[0].kind FieldValueNotSupported: Unsupported value: "Robot": supported values: "ServiceAccount", "User", "Group"'],
    },
  ],
  'rbac.authorization.k8s.io/v1/clusterroles': [
    {
      change: { rules: [{ apiGroups: [''], resources: ['pods'] }] },
      causes: ['rules[0].verbs FieldValueRequired: Required value: verbs must contain at least one value'],
    },
    {
      change: { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'], resources: ['pods'], apiGroups: [''] }] },
      causes: [
        'rules[0].nonResourceURLs FieldValueInvalid: Invalid value: ["/x"]: rules cannot apply to both regular resources and non-resource URLs',
      ],
    },
  ],
  'rbac.authorization.k8s.io/v1/rolebindings': [
    { change: { subjects: [{ kind: 'ServiceAccount', name: 'x' }] }, causes: ['subjects[0].namespace FieldValueRequired: Required value'] },
  ],
  'rbac.authorization.k8s.io/v1/roles': [
    {
      change: { rules: [{ verbs: ['get'], nonResourceURLs: ['/x'] }] },
      causes: ['rules[0].nonResourceURLs FieldValueInvalid: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs'],
    },
  ],
  'resource.k8s.io/v1/deviceclasses': [
    {
      change: { spec: { selectors: [{ cel: { expression: '' } }] } },
      causes: ['spec.selectors[0].cel.expression FieldValueRequired: Required value'],
    },
  ],
  'resource.k8s.io/v1/devicetaintrules': [
    {
      change: { spec: { taint: { effect: 'Sometimes' } } },
      causes: [
        'spec.taint.effect FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "NoExecute", "NoSchedule", "None"',
      ],
    },
  ],
  'resource.k8s.io/v1/resourceclaims': [
    {
      change: { spec: { devices: { requests: [{ name: 'Bad' }] } } },
      causes: [
        "spec.devices.requests[0].name FieldValueInvalid: Invalid value: \"Bad\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'spec.devices.requests[0] FieldValueRequired: Required value: exactly one of `exactly` or `firstAvailable` is required',
      ],
    },
    {
      change: {
        spec: {
          devices: {
            requests: [
              { name: 'a', exactly: { deviceClassName: 'c', count: -1 } },
              { name: 'a', exactly: { deviceClassName: 'c' } },
            ],
          },
        },
      },
      causes: [
        'spec.devices.requests[0].exactly.count FieldValueInvalid: Invalid value: -1: must be greater than zero',
        'spec.devices.requests[1] FieldValueDuplicate: Duplicate value: "a"',
      ],
    },
  ],
  'resource.k8s.io/v1/resourceclaimtemplates': [
    {
      change: { spec: { spec: { devices: { requests: [{ name: 'Bad' }] } } } },
      causes: [
        "spec.spec.devices.requests[0].name FieldValueInvalid: Invalid value: \"Bad\": a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')",
        'spec.spec.devices.requests[0] FieldValueRequired: Required value: exactly one of `exactly` or `firstAvailable` is required',
      ],
    },
  ],
  'resource.k8s.io/v1/resourceslices': [
    {
      change: { spec: { nodeName: null } },
      causes: [
        'spec FieldValueRequired: Required value: exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required',
      ],
    },
    {
      change: { spec: { pool: { resourceSliceCount: 0 } } },
      causes: ['spec.pool.resourceSliceCount FieldValueInvalid: Invalid value: 0: must be greater than zero'],
    },
  ],
  'scheduling.k8s.io/v1/priorityclasses': [
    {
      change: { value: 2000000000 },
      causes: ['value FieldValueForbidden: Forbidden: maximum allowed value of a user defined priority is 1000000000'],
    },
    {
      change: { preemptionPolicy: 'Sometimes' },
      causes: [
        'preemptionPolicy FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "PreemptLowerPriority", "Never"',
      ],
    },
    {
      change: { metadata: { name: 'system-mine' } },
      causes: [
        "metadata.name FieldValueForbidden: Forbidden: priority class names with 'system-' prefix are reserved for system use only. error: system-mine is not a known system priority class",
      ],
    },
  ],
  'storage.k8s.io/v1/csidrivers': [
    {
      change: { metadata: { name: 'bad_name' } },
      causes: [
        "metadata.name FieldValueInvalid: Invalid value: \"bad_name\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    },
    {
      change: { spec: { volumeLifecycleModes: ['Sometimes'] } },
      causes: [
        'spec.volumeLifecycleModes FieldValueNotSupported: Unsupported value: "Sometimes": supported values: "Persistent", "Ephemeral"',
      ],
    },
  ],
  'storage.k8s.io/v1/csinodes': [
    { change: { spec: { drivers: [{ name: 'd', nodeID: '' }] } }, causes: ['spec.drivers[0].nodeID FieldValueRequired: Required value'] },
    {
      change: {
        spec: {
          drivers: [
            { name: 'd', nodeID: 'a' },
            { name: 'd', nodeID: 'a' },
          ],
        },
      },
      causes: ['spec.drivers[1].name FieldValueDuplicate: Duplicate value: "d"'],
    },
  ],
  'storage.k8s.io/v1/csistoragecapacities': [
    {
      change: { storageClassName: '' },
      causes: [
        "storageClassName FieldValueInvalid: Invalid value: \"\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
      ],
    },
    { change: { capacity: '-1' }, causes: ['capacity FieldValueInvalid: Invalid value: "-1": must be greater than or equal to 0'] },
  ],
  'storage.k8s.io/v1/storageclasses': [
    { change: { provisioner: '' }, causes: ['provisioner FieldValueRequired: Required value'] },
    {
      change: { reclaimPolicy: 'Keep' },
      causes: ['reclaimPolicy FieldValueNotSupported: Unsupported value: "Keep": supported values: "Delete", "Retain"'],
    },
    {
      change: { volumeBindingMode: 'Later' },
      causes: [
        'volumeBindingMode FieldValueNotSupported: Unsupported value: "Later": supported values: "Immediate", "WaitForFirstConsumer"',
      ],
    },
  ],
  'storage.k8s.io/v1/volumeattachments': [
    {
      change: { spec: { attacher: '' } },
      causes: ['spec.attacher FieldValueRequired: Required value', 'spec.attacher FieldValueRequired: Required value'],
    },
    {
      change: { spec: { source: { persistentVolumeName: null } } },
      causes: ['spec.source FieldValueRequired: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
    },
  ],
  'storage.k8s.io/v1/volumeattributesclasses': [
    { change: { driverName: '' }, causes: ['driverName FieldValueRequired: Required value'] },
    { change: { parameters: null }, causes: ['parameters FieldValueRequired: Required value: must contain at least one key/value pair'] },
  ],
  'storagemigration.k8s.io/v1/storageversionmigrations': [
    {
      change: { spec: { resource: { resource: '' } } },
      causes: ['spec.resource.resource FieldValueRequired: Required value: resource is required to be set'],
    },
  ],
}
