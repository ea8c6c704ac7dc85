/** What an operator configures for the Pod Security Standards: the policy of namespaces without labels, and who is exempt. */

import { LEVEL_WANTED, parseLevel, parseVersion, VERSION_WANTED, type LevelVersion, type Policy } from './policy.ts'
import { configurationOf } from '../configuration.ts'
import { AdmissionConfigurationError } from '../plugin-choice.ts'
import { duplicate, invalid, required, type FieldError } from '#schema/field-error.ts'
import { list, message, opt, string, val } from '#schema/message.ts'
import { dns1123Label, dns1123Subdomain } from '#schema/names.ts'

const NAME = 'k8s.io.pod_security_admission.admission.api'

class PodSecurityDefaults extends message(`${NAME}.PodSecurityDefaults`, {
  enforce: opt(1, string),
  'enforce-version': opt(2, string),
  audit: opt(3, string),
  'audit-version': opt(4, string),
  warn: opt(5, string),
  'warn-version': opt(6, string),
}) {}

class PodSecurityExemptions extends message(`${NAME}.PodSecurityExemptions`, {
  usernames: opt(1, list(string)),
  namespaces: opt(2, list(string)),
  runtimeClasses: opt(3, list(string)),
}) {}

export class PodSecurityConfiguration extends message(`${NAME}.PodSecurityConfiguration`, {
  apiVersion: opt(1, string),
  kind: opt(2, string),
  defaults: val(3, PodSecurityDefaults),
  exemptions: val(4, PodSecurityExemptions),
}) {}

export interface ConfiguredExemptions {
  readonly defaults: Policy
  readonly exempt: Readonly<Record<'usernames' | 'namespaces' | 'runtimeClasses', ReadonlySet<string>>>
}

/** Throws AdmissionConfigurationError. */
export function readPodSecurityConfiguration(value: unknown): PodSecurityConfiguration {
  if (value === undefined) return { defaults: {}, exemptions: {} } as PodSecurityConfiguration
  const given = configurationOf(value, PodSecurityConfiguration, {
    group: 'pod-security.admission.config.k8s.io',
    versions: ['v1', 'v1beta1', 'v1alpha1'],
  })
  const errors = configurationErrors(given)
  if (errors.length === 0) return given
  const texts = errors.map((e) => e.message)
  throw new AdmissionConfigurationError(`PodSecurity invalid: ${texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`}`)
}

/** What a configuration that was read comes to. */
export function configuredExemptions({ defaults, exemptions }: PodSecurityConfiguration): ConfiguredExemptions {
  const of = (mode: 'enforce' | 'audit' | 'warn'): LevelVersion => ({
    level: parseLevel(defaults[mode] || 'privileged')!,
    minor: parseVersion(defaults[`${mode}-version`] || 'latest')!.minor,
  })
  return {
    defaults: { enforce: of('enforce'), audit: of('audit'), warn: of('warn') },
    exempt: {
      usernames: new Set(exemptions.usernames),
      namespaces: new Set(exemptions.namespaces),
      runtimeClasses: new Set(exemptions.runtimeClasses),
    },
  }
}

function configurationErrors({ defaults, exemptions }: PodSecurityConfiguration): readonly FieldError[] {
  const ofMode = (mode: 'enforce' | 'warn' | 'audit') => {
    const level = defaults[mode] || 'privileged'
    const version = defaults[`${mode}-version`] || 'latest'
    return [
      ...(parseLevel(level) === undefined ? [invalid(`defaults.${mode}`, level, LEVEL_WANTED)] : []),
      ...(parseVersion(version) === undefined ? [invalid(`defaults.${mode}-version`, version, VERSION_WANTED)] : []),
    ]
  }
  const ofNames = (field: 'namespaces' | 'runtimeClasses' | 'usernames', problemsOf: (name: string) => readonly string[]) => {
    const names = exemptions[field] ?? []
    return names.flatMap((name, index) => {
      const path = `exemptions.${field}[${index}]`
      const problems = problemsOf(name)
      if (field === 'usernames' && name === '') return [required(path)]
      if (problems.length > 0) return [invalid(path, name, problems.join(', '))]
      return names.indexOf(name) < index ? [duplicate(path, name)] : []
    })
  }
  return [
    ...ofMode('enforce'),
    ...ofMode('warn'),
    ...ofMode('audit'),
    ...ofNames('namespaces', dns1123Label),
    ...ofNames('runtimeClasses', dns1123Subdomain),
    ...ofNames('usernames', () => []),
  ]
}
