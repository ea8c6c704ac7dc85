/** What the server adds to a Service and what it refuses in one. */

import { endpointAddressProblems } from './endpoint-address-rules.ts'
import type { Service, ServicePort, ServiceSpec } from './service.ts'
import { duplicate, forbidden, invalid, invalidEach, required, type FieldError } from '#schema/field-error.ts'
import { cidr, dns1123Label, dns1123Subdomain, ipAddress, portNumber, portNumberOrName, qualifiedName } from '#schema/names.ts'
import { labelErrors } from '#schema/validate-metadata.ts'

const AFFINITY_SECONDS_DEFAULT = 10_800 // three hours
const AFFINITY_SECONDS_MAX = 86_400

export function serviceDefaults(service: Service): { spec: ServiceSpec } {
  const { spec } = service
  const type = spec.type ?? 'ClusterIP'
  const { sessionAffinityConfig, ...rest } = spec
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? AFFINITY_SECONDS_DEFAULT
  return {
    spec: {
      ...rest,
      ...(spec.sessionAffinity === 'ClientIP' && { sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } }),
      ...((type === 'NodePort' || type === 'LoadBalancer') && !spec.externalTrafficPolicy && { externalTrafficPolicy: 'Cluster' as const }),
      ...(type !== 'ExternalName' && !spec.internalTrafficPolicy && { internalTrafficPolicy: 'Cluster' as const }),
      ...(type === 'LoadBalancer' && spec.allocateLoadBalancerNodePorts === undefined && { allocateLoadBalancerNodePorts: true }),
    },
  }
}

export function servicePortDefaults(port: ServicePort): Partial<ServicePort> | undefined {
  return port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '' ? { targetPort: port.port } : undefined
}

export function serviceErrors(service: Service): FieldError[] {
  const { spec } = service
  return [
    ...typeErrors(spec),
    ...portsErrors(spec),
    ...labelErrors(spec.selector, 'spec.selector'),
    ...affinityErrors(spec),
    ...addressErrors(spec),
    ...policyErrors(spec),
  ]
}

function isHeadless(spec: ServiceSpec): boolean {
  return spec.clusterIP === 'None'
}

function typeErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  if ((spec.ports ?? []).length === 0 && !isHeadless(spec) && spec.type !== 'ExternalName') errors.push(required('spec.ports'))
  if (isHeadless(spec) && (spec.type === 'LoadBalancer' || spec.type === 'NodePort'))
    errors.push(invalid('spec.clusterIPs[0]', 'None', `may not be set to 'None' for ${spec.type} services`))
  if (spec.type === 'ExternalName') {
    if ((spec.clusterIPs ?? []).length > 0) errors.push(forbidden('spec.clusterIPs', 'may not be set for ExternalName services'))
    const name = spec.externalName ?? ''
    if (name === '') errors.push(required('spec.externalName'))
    else errors.push(...invalidEach('spec.externalName', name, dns1123Subdomain(name.replace(/\.$/, ''))))
  }
  return errors
}

function portsErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const ports = spec.ports ?? []
  const names = new Set<string>()
  const numbers = new Set<string>()
  const nodePorts = new Set<string>()
  for (const [index, port] of ports.entries()) {
    const at = `spec.ports[${index}]`
    if (ports.length > 1 && !port.name) errors.push(required(`${at}.name`))
    else if (port.name) {
      errors.push(...invalidEach(`${at}.name`, port.name, dns1123Label(port.name)))
      if (names.has(port.name)) errors.push(duplicate(`${at}.name`, port.name))
      names.add(port.name)
    }
    errors.push(...invalidEach(`${at}.port`, port.port, portNumber(port.port)))
    if (port.targetPort !== undefined) errors.push(...invalidEach(`${at}.targetPort`, port.targetPort, portNumberOrName(port.targetPort)))
    if (port.appProtocol) errors.push(...invalidEach(`${at}.appProtocol`, port.appProtocol, qualifiedName(port.appProtocol)))
    const number = `${port.protocol ?? 'TCP'}/${port.port}`
    if (numbers.has(number))
      errors.push(
        duplicate(at, { Name: '', Protocol: port.protocol ?? 'TCP', AppProtocol: null, Port: port.port, TargetPort: 0, NodePort: 0 }),
      )
    numbers.add(number)
    if (!port.nodePort) continue
    if (spec.type === 'ClusterIP' || spec.type === 'ExternalName')
      errors.push(forbidden(`${at}.nodePort`, `may not be used when \`type\` is '${spec.type}'`))
    const node = `${port.protocol ?? 'TCP'}/${port.nodePort}`
    if (nodePorts.has(node)) errors.push(duplicate(`${at}.nodePort`, port.nodePort))
    nodePorts.add(node)
  }
  return errors
}

function affinityErrors(spec: ServiceSpec): FieldError[] {
  const config = spec.sessionAffinityConfig
  if (spec.sessionAffinity === 'ClientIP') {
    const seconds = config?.clientIP?.timeoutSeconds
    if (seconds !== undefined && (seconds <= 0 || seconds > AFFINITY_SECONDS_MAX))
      return [
        invalid(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          `must be greater than 0 and less than ${AFFINITY_SECONDS_MAX}`,
        ),
      ]
  } else if (config !== undefined) return [forbidden('spec.sessionAffinityConfig', `must not be set when session affinity is None`)]
  return []
}

function addressErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  for (const [index, ip] of (spec.clusterIPs ?? []).entries())
    if (ip !== 'None') errors.push(...invalidEach(`spec.clusterIPs[${index}]`, ip, ipAddress(ip)))
  for (const [index, ip] of (spec.externalIPs ?? []).entries()) {
    const at = `spec.externalIPs[${index}]`
    const problems = invalidEach(at, ip, ipAddress(ip))
    errors.push(...(problems.length > 0 ? problems : endpointAddressProblems(at, ip)))
  }
  for (const [index, range] of (spec.loadBalancerSourceRanges ?? []).entries())
    errors.push(...invalidEach(`spec.loadBalancerSourceRanges[${index}]`, range, cidr(range.trim())))
  if ((spec.loadBalancerSourceRanges ?? []).length > 0 && spec.type !== 'LoadBalancer')
    errors.push(forbidden('spec.loadBalancerSourceRanges', "may only be used when `type` is 'LoadBalancer'"))
  return errors
}

function policyErrors(spec: ServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  if (spec.type !== 'LoadBalancer') {
    if (spec.allocateLoadBalancerNodePorts !== undefined)
      errors.push(forbidden('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"))
    if (spec.loadBalancerClass !== undefined)
      errors.push(forbidden('spec.loadBalancerClass', "may only be used when `type` is 'LoadBalancer'"))
  }
  const external = spec.type === 'NodePort' || spec.type === 'LoadBalancer' || (spec.externalIPs ?? []).length > 0
  if (spec.externalTrafficPolicy && !external)
    errors.push(invalid('spec.externalTrafficPolicy', spec.externalTrafficPolicy, 'may only be set for externally-accessible services'))
  if (spec.healthCheckNodePort && !(spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'))
    errors.push(
      invalid(
        'spec.healthCheckNodePort',
        spec.healthCheckNodePort,
        "may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
      ),
    )
  return errors
}

/** An address once given stays, as long as the Service has one. */
export function serviceUpdateErrors(service: Service, old: Service): FieldError[] {
  const errors: FieldError[] = []
  const before = old.spec.clusterIPs?.[0] ?? old.spec.clusterIP
  const now = service.spec.clusterIPs?.[0] ?? service.spec.clusterIP
  if (old.spec.type !== 'ExternalName' && service.spec.type !== 'ExternalName' && before && now !== before)
    errors.push(invalid('spec.clusterIPs[0]', service.spec.clusterIPs ?? [now ?? ''], 'may not change once set'))
  if (
    old.spec.type === 'LoadBalancer' &&
    service.spec.type === 'LoadBalancer' &&
    service.spec.loadBalancerClass !== old.spec.loadBalancerClass
  )
    errors.push(invalid('spec.loadBalancerClass', service.spec.loadBalancerClass ?? null, 'may not change once set'))
  return errors
}
