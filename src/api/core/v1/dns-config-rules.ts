/** The rules of what a pod says of its DNS, its host name and its hosts file. */

import type { HostAlias, PodSpec } from './pod.ts'
import { forbidden, invalid, invalidEach, required, tooLong, type FieldError } from '#schema/field-error.ts'
import { SUBDOMAIN_LENGTH_MAX, dns1123Label, dns1123Subdomain, ipAddress, lengthText, patternText } from '#schema/names.ts'

const NAMESERVERS_MAX = 3 // what resolv.conf takes
const SEARCH_PATHS_MAX = 32
const SEARCH_CHARACTERS_MAX = 2048
const HOST_NAME_BYTES_MAX = 64 // the kernel's

export function dnsErrors(spec: PodSpec, path: string): FieldError[] {
  const at = `${path}.dnsConfig`
  const config = spec.dnsConfig
  const { nameservers = [], searches = [], options = [] } = config ?? {}
  if (spec.dnsPolicy === 'None') {
    if (config === undefined) return [required(at, 'must provide `dnsConfig` when `dnsPolicy` is None')]
    if (nameservers.length === 0)
      return [required(`${at}.nameservers`, 'must provide at least one DNS nameserver when `dnsPolicy` is None')]
  }
  const errors: FieldError[] = []
  if (nameservers.length > NAMESERVERS_MAX)
    errors.push(invalid(`${at}.nameservers`, nameservers, `must not have more than ${NAMESERVERS_MAX} nameservers`))
  for (const [index, server] of nameservers.entries()) errors.push(...invalidEach(`${at}.nameservers[${index}]`, server, ipAddress(server)))
  if (searches.length > SEARCH_PATHS_MAX)
    errors.push(invalid(`${at}.searches`, searches, `must not have more than ${SEARCH_PATHS_MAX} search paths`))
  if (searches.join(' ').length > SEARCH_CHARACTERS_MAX)
    errors.push(
      invalid(
        `${at}.searches`,
        searches,
        `must not have more than ${SEARCH_CHARACTERS_MAX} characters (including spaces) in the search list`,
      ),
    )
  for (const [index, search] of searches.entries()) {
    const name = search.replace(/\.$/, '')
    if (search !== '.') errors.push(...invalidEach(`${at}.searches[${index}]`, name, searchProblems(name)))
  }
  for (const [index, option] of options.entries()) if (!option.name) errors.push(required(`${at}.options[${index}]`, 'must not be empty'))
  return errors
}

const SEARCH_LABEL = '[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?'
const SEARCH = `${SEARCH_LABEL}(\\.${SEARCH_LABEL})*`
const SEARCH_FORM = new RegExp(`^${SEARCH}$`)

/** A subdomain in which underscores may stand, as they do in names of services outside. */
function searchProblems(name: string): string[] {
  const problems = Buffer.byteLength(name) > SUBDOMAIN_LENGTH_MAX ? [lengthText(SUBDOMAIN_LENGTH_MAX)] : []
  if (SEARCH_FORM.test(name)) return problems
  const wanted =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-', '_', or '.', and must start and end with an alphanumeric character"
  return [...problems, patternText(wanted, SEARCH, 'example.com')]
}

export function hostAliasErrors(aliases: readonly HostAlias[], path: string): FieldError[] {
  return aliases.flatMap(({ ip, hostnames = [] }, index) => [
    // An empty address is the declaration's to blame.
    ...(ip ? invalidEach(`${path}[${index}].ip`, ip, ipAddress(ip)) : []),
    ...hostnames.flatMap((name, i) => invalidEach(`${path}[${index}].hostnames[${i}]`, name, dns1123Subdomain(name))),
  ])
}

export function hostNameErrors(spec: PodSpec, path: string): FieldError[] {
  const { hostname, subdomain, hostnameOverride: override } = spec
  const at = `${path}.hostnameOverride`
  const errors: FieldError[] = []
  if (override !== undefined) {
    if (spec.setHostnameAsFQDN) errors.push(forbidden(at, 'may not be specified when setHostnameAsFQDN is true'))
    if (spec.hostNetwork) errors.push(forbidden(at, 'may not be specified when hostNetwork is true'))
    if (Buffer.byteLength(override) > HOST_NAME_BYTES_MAX) errors.push(tooLong(at, HOST_NAME_BYTES_MAX))
    errors.push(...invalidEach(at, override, dns1123Subdomain(override)))
  }
  if (hostname) errors.push(...invalidEach(`${path}.hostname`, hostname, dns1123Label(hostname)))
  if (subdomain) errors.push(...invalidEach(`${path}.subdomain`, subdomain, dns1123Label(subdomain)))
  return errors
}
