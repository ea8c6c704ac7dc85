/** What is refused in ingresses and their classes. */

import type { IngressClass, IngressClassParametersReference, IngressClassSpec } from './ingress-class.ts'
import type { HTTPIngressPath, Ingress, IngressBackend, IngressSpec } from './ingress.ts'
import { isIP } from '#base/addresses.ts'
import { forbidden, invalid, invalidEach, notSupported, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { dns1123Label, dns1123Subdomain, pathSegment, patternText, portName, portNumber } from '#schema/names.ts'

const CLASS_ANNOTATION = 'kubernetes.io/ingress.class'
const FORBIDDEN_IN_PATHS = ['//', '/./', '/../', '%2f', '%2F']
const FORBIDDEN_AT_ENDS = ['/..', '/.']
const CONTROLLER_BYTES_MAX = 250
const PATH_TYPES = ['Exact', 'ImplementationSpecific', 'Prefix']
const WILDCARD = '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'

export function ingressSpecErrors(spec: IngressSpec, path: string): FieldError[] {
  const { rules = [], tls = [], defaultBackend, ingressClassName } = spec
  return [
    ...(rules.length === 0 && defaultBackend === undefined
      ? [invalid(path, rules, 'either `defaultBackend` or `rules` must be specified')]
      : []),
    ...(defaultBackend ? backendErrors(defaultBackend, `${path}.defaultBackend`) : []),
    ...rules.flatMap(({ host, http }, i) => {
      const at = `${path}.rules[${i}]`
      if (http === undefined) return host ? hostErrors(host, `${at}.host`) : []
      const paths = http.paths ?? []
      return [...(host ? hostErrors(host, `${at}.host`) : []), ...paths.flatMap((p, j) => pathErrors(p, `${at}.http.paths[${j}]`))]
    }),
    ...tls.flatMap(({ hosts = [], secretName }, i) => [
      ...hosts.flatMap((host, j) => invalidEach(`${path}.tls[${i}].hosts[${j}]`, host, nameProblems(host))),
      ...(secretName ? invalidEach(`${path}.tls[${i}].secretName`, secretName, dns1123Subdomain(secretName)) : []),
    ]),
    ...(ingressClassName === undefined
      ? []
      : invalidEach(`${path}.ingressClassName`, ingressClassName, dns1123Subdomain(ingressClassName))),
  ]
}

/** On creation the old way of naming the class must not contradict the new one. */
export function ingressCreateErrors({ metadata, spec }: Ingress): FieldError[] {
  const annotated = metadata.annotations?.[CLASS_ANNOTATION]
  if (annotated === undefined || spec.ingressClassName === undefined || annotated === spec.ingressClassName) return []
  return [invalid(`annotations.${CLASS_ANNOTATION}`, annotated, 'must match `ingressClassName` when both are specified')]
}

/** Only addresses and names may stand in the status. */
export function ingressStatusErrors({ status }: Ingress): FieldError[] {
  return (status.loadBalancer.ingress ?? []).flatMap(({ ip, hostname }, i) => {
    const at = `status.loadBalancer.ingress[${i}]`
    return [
      ...(ip && isIP(ip) === 0 ? [invalid(`${at}.ip`, ip, 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)')] : []),
      ...(hostname
        ? [...invalidEach(`${at}.hostname`, hostname, dns1123Subdomain(hostname)), ...noAddress(hostname, `${at}.hostname`)]
        : []),
    ]
  })
}

function hostErrors(host: string, at: string): FieldError[] {
  return [...noAddress(host, at), ...invalidEach(at, host, nameProblems(host))]
}

function noAddress(host: string, at: string): FieldError[] {
  return isIP(host) === 0 ? [] : [invalid(at, host, 'must be a DNS name, not an IP address')]
}

function nameProblems(host: string): readonly string[] {
  if (!host.includes('*')) return dns1123Subdomain(host)
  return new RegExp(`^${WILDCARD}$`).test(host)
    ? []
    : [
        patternText(
          "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
          WILDCARD,
          '*.example.com',
        ),
      ]
}

function pathErrors({ path = '', pathType, backend }: HTTPIngressPath, at: string): FieldError[] {
  if (!pathType) return [required(`${at}.pathType`, 'pathType must be specified')]
  if (!PATH_TYPES.includes(pathType))
    return [notSupported(`${at}.pathType`, pathType, PATH_TYPES), ...backendErrors(backend, `${at}.backend`)]
  const where = `${at}.path`
  const absolute = path.startsWith('/') || (path === '' && pathType === 'ImplementationSpecific')
  const errors = absolute ? [] : [invalid(where, path, 'must be an absolute path')]
  if (pathType !== 'ImplementationSpecific') {
    for (const sequence of FORBIDDEN_IN_PATHS)
      if (path.includes(sequence)) errors.push(invalid(where, path, `must not contain '${sequence}'`))
    for (const suffix of FORBIDDEN_AT_ENDS) if (path.endsWith(suffix)) errors.push(invalid(where, path, `cannot end with '${suffix}'`))
  }
  return [...errors, ...backendErrors(backend, `${at}.backend`)]
}

function backendErrors({ resource, service }: IngressBackend = {}, at: string): FieldError[] {
  if (resource && service) return [invalid(at, '', 'cannot set both resource and service backends')]
  if (resource) return referenceErrors(resource, `${at}.resource`)
  if (!service) return [invalid(at, '', 'resource or service backend is required')]
  const { name, port } = service
  const errors = name ? invalidEach(`${at}.service.name`, name, dns1123Label(name)) : []
  if (port?.name && port.number) errors.push(invalid(at, '', 'cannot set both port name & port number'))
  else if (port?.name) errors.push(...invalidEach(`${at}.service.port.name`, port.name, portName(port.name)))
  else if (port?.number) errors.push(...invalidEach(`${at}.service.port.number`, port.number, portNumber(port.number)))
  else errors.push(required(at, 'port name or number is required'))
  return errors
}

function referenceErrors(
  { apiGroup, kind, name }: Pick<IngressClassParametersReference, 'apiGroup' | 'kind' | 'name'>,
  at: string,
): FieldError[] {
  return [
    ...(apiGroup === undefined ? [] : invalidEach(`${at}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup))),
    ...(kind ? invalidEach(`${at}.kind`, kind, pathSegment(kind)) : []),
    ...(name ? invalidEach(`${at}.name`, name, pathSegment(name)) : []),
  ]
}

export function ingressClassSpecErrors({ controller = '', parameters }: IngressClassSpec, path: string): FieldError[] {
  const at = `${path}.controller`
  const errors = controller === '' ? [required(at)] : domainPathErrors(controller, at)
  if (controller.length > CONTROLLER_BYTES_MAX) errors.unshift(tooLong(at, CONTROLLER_BYTES_MAX))
  return parameters ? [...errors, ...parametersErrors(parameters, `${path}.parameters`)] : errors
}

export function ingressClassUpdateErrors({ spec }: IngressClass, { spec: old }: IngressClass): FieldError[] {
  return spec.controller === old.controller ? [] : [invalid('spec.controller', spec.controller ?? '', 'field is immutable')]
}

const SCOPES = ['Cluster', 'Namespace']

function parametersErrors(parameters: IngressClassParametersReference, at: string): FieldError[] {
  const errors = referenceErrors(parameters, at)
  const { scope, namespace } = parameters
  if (scope === undefined) return [...errors, required(`${at}.scope`)]
  if (!SCOPES.includes(scope)) return [...errors, notSupported(`${at}.scope`, scope, SCOPES)]
  const where = `${at}.namespace`
  if (scope === 'Cluster') return namespace === undefined ? errors : [...errors, forbidden(where, "`parameters.scope` is set to 'Cluster'")]
  if (namespace === undefined) return [...errors, required(where, "`parameters.scope` is set to 'Namespace'")]
  return [...errors, ...invalidEach(where, namespace, dns1123Label(namespace))]
}

/** `example.com/path`: a domain, a slash and more. */
function domainPathErrors(text: string, at: string): FieldError[] {
  const slash = text.indexOf('/')
  if (slash <= 0) return [invalid(at, text, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  const domain = text.slice(0, slash)
  const rest = text.slice(slash + 1)
  return [
    ...dns1123Subdomain(domain).map((problem) => invalid(at, domain, problem)),
    ...(rest === ''
      ? [invalid(at, rest, 'must not be empty')]
      : /^[A-Za-z0-9/\-._~%!$&'()*+,;=:]+$/.test(rest)
        ? []
        : [invalid(at, rest, patternText('Invalid path', "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"))]),
  ]
}
