/** Which levels of the Pod Security Standards a namespace asks for, by its labels and the defaults. */

import { invalid, type FieldError } from '#schema/field-error.ts'

export type Level = 'privileged' | 'baseline' | 'restricted'

/** `minor` of v1.minor; undefined is the latest. */
export interface LevelVersion {
  readonly level: Level
  readonly minor: number | undefined
}

export interface Policy {
  readonly enforce: LevelVersion
  readonly audit: LevelVersion
  readonly warn: LevelVersion
}

type Labels = Readonly<Record<string, string>>

export const LABEL_PREFIX = 'pod-security.kubernetes.io/'
const LEVELS: readonly Level[] = ['privileged', 'baseline', 'restricted'] // from the least strict
const MODES = ['enforce', 'audit', 'warn'] as const

/** A policy there is in any case: what cannot be understood is enforced as the strictest, and neither warned nor logged of. */
export function policyOf(
  labels: Labels | undefined,
  defaults: Policy,
): { readonly policy: Policy; readonly errors: readonly FieldError[] } {
  if (labels === undefined) return { policy: defaults, errors: [] }
  const errors: FieldError[] = []
  const blame = (label: string, value: string, detail: string) => errors.push(invalid(`metadata.labels[${label}]`, value, detail))
  const of = (mode: (typeof MODES)[number]): LevelVersion => {
    let { level, minor } = defaults[mode]
    const levelText = labels[`${LABEL_PREFIX}${mode}`]
    if (levelText !== undefined) {
      const known = parseLevel(levelText)
      level = known ?? (mode === 'enforce' ? 'restricted' : 'privileged')
      if (known === undefined) blame(`${LABEL_PREFIX}${mode}`, levelText, LEVEL_WANTED)
    }
    const versionText = labels[`${LABEL_PREFIX}${mode}-version`]
    if (versionText !== undefined) {
      const known = parseVersion(versionText)
      minor = known?.minor
      if (known === undefined) blame(`${LABEL_PREFIX}${mode}-version`, versionText, VERSION_WANTED)
    }
    return { level, minor }
  }
  const policy = { enforce: of('enforce'), audit: of('audit'), warn: of('warn') }
  return { policy, errors }
}

export const LEVEL_WANTED = `must be one of ${LEVELS.join(', ')}`
export const VERSION_WANTED = 'must be "latest" or "v1.x"'

export function parseLevel(text: string): Level | undefined {
  return LEVELS.find((level) => level === text)
}

export function parseVersion(text: string): { readonly minor: number | undefined } | undefined {
  if (text === 'latest') return { minor: undefined }
  const found = /^v1\.(0|[1-9]\d*)$/.exec(text)
  return found === null || !Number.isSafeInteger(Number(found[1])) ? undefined : { minor: Number(found[1]) }
}

/** As in `restricted:v1.30`. */
export function policyText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === undefined ? 'latest' : `v1.${minor}`}`
}

export function sameLevelVersion(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.minor === b.minor
}

/** Whether `a` demands more than `b`. */
export function stricter(a: Level, b: Level): boolean {
  return LEVELS.indexOf(a) > LEVELS.indexOf(b)
}

export function isPrivileged({ enforce, audit, warn }: Policy): boolean {
  return enforce.level === 'privileged' && audit.level === 'privileged' && warn.level === 'privileged'
}

/** The same demands in every mode; of privileged ones the version says nothing. */
export function isEquivalent(a: Policy, b: Policy): boolean {
  return MODES.every((mode) => sameLevelVersion(a[mode], b[mode]) || (a[mode].level === 'privileged' && b[mode].level === 'privileged'))
}

/** The parts of a policy that a namespace's own labels say, such as `enforce=baseline:latest, warn=restricted:v1.30`. */
export function labelledPolicyText(policy: Policy, labels: Labels = {}): string {
  const own = MODES.filter((mode) => {
    const label = `${LABEL_PREFIX}${mode}`
    return policy[mode].level !== 'privileged' && (labels[label] !== undefined || labels[`${label}-version`] !== undefined)
  })
  return own.map((mode) => `${mode}=${policyText(policy[mode])}`).join(', ')
}
