/** Kubernetes' functions of semantic versions. */

import { traversal } from './cost.ts'
import { func, method } from './own-type.ts'
import { declare, type FunctionDeclaration } from '../declaration.ts'
import * as t from '../type.ts'
import { CelError, Opaque, type Value } from '../value.ts'

const TYPE = t.opaque('kubernetes.Semver')

class Version extends Opaque {
  readonly type = TYPE
  readonly numbers: readonly [bigint, bigint, bigint]
  readonly before: readonly string[]

  constructor(numbers: readonly [bigint, bigint, bigint], before: readonly string[]) {
    super()
    this.numbers = numbers
    this.before = before
  }

  equals(other: Value): boolean {
    return other instanceof Version && compare(this, other) === 0n
  }
}

const PLACES = ['Major', 'Minor', 'Patch'] as const

function parse(text: string): Version {
  if (text === '') throw new CelError('Version string empty')
  const parts = text.split('.')
  if (parts.length < 3) throw new CelError('No Major.Minor.Patch elements found')
  const [major, minor, ...others] = parts
  const rest = others.join('.')
  const [, patch = '', before, build] = /^([^+-]*)(?:-([^+]*))?(?:\+(.*))?$/s.exec(rest) ?? []
  const numbers = [major!, minor!, patch].map((part, index) => {
    const name = PLACES[index]!
    if (!/^[0-9]+$/.test(part)) throw new CelError(`Invalid character(s) found in ${name.toLowerCase()} number ${JSON.stringify(part)}`)
    if (part.length > 1 && part.startsWith('0'))
      throw new CelError(`${name} number must not contain leading zeroes ${JSON.stringify(part)}`)
    return BigInt(part)
  }) as unknown as readonly [bigint, bigint, bigint]
  const names = before === undefined ? [] : before.split('.')
  for (const name of names) {
    if (name === '') throw new CelError('Prerelease is empty')
    if (/^0[0-9]+$/.test(name)) throw new CelError(`Numeric PreRelease version must not contain leading zeroes ${JSON.stringify(name)}`)
    if (!/^[0-9A-Za-z-]+$/.test(name)) throw new CelError(`Invalid character(s) found in prerelease ${JSON.stringify(name)}`)
  }
  for (const name of build === undefined ? [] : build.split('.')) {
    if (name === '') throw new CelError('Build meta data is empty')
    if (!/^[0-9A-Za-z-]+$/.test(name)) throw new CelError(`Invalid character(s) found in build meta data ${JSON.stringify(name)}`)
  }
  return new Version(numbers, names)
}

/** Without a leading v and leading zeros, and with what is missing of three numbers. */
function normalized(text: string): Version {
  const [major, minor, ...rest] = text.replace(/^v/, '').split('.')
  const parts = [major!, ...(minor === undefined ? [] : [minor]), ...(rest.length === 0 ? [] : [rest.join('.')])].map((part) => {
    if (part.length <= 1) return part
    const trimmed = part.replace(/^0+/, '')
    return /^[0-9]/.test(trimmed) ? trimmed : `0${trimmed}`
  })
  if (parts.length < 3 && /[+-]/.test(parts.at(-1)!)) throw new CelError('short version cannot contain PreRelease/Build meta data')
  while (parts.length < 3) parts.push('0')
  return parse(parts.join('.'))
}

function isVersion(read: (text: string) => Version): (text: string) => boolean {
  return (text) => {
    try {
      read(text)
      return true
    } catch {
      return false
    }
  }
}

function compare(a: Version, b: Version): bigint {
  for (const [index, number] of a.numbers.entries()) {
    if (number !== b.numbers[index]) return number > b.numbers[index]! ? 1n : -1n
  }
  // what comes before a release is less than the release
  if (a.before.length === 0 || b.before.length === 0) return BigInt(Math.sign(b.before.length - a.before.length))
  for (const [index, name] of a.before.entries()) {
    const other = b.before[index]
    if (other === undefined) return 1n
    const difference = compareNames(name, other)
    if (difference !== 0) return BigInt(difference)
  }
  return a.before.length < b.before.length ? -1n : 0n
}

function compareNames(a: string, b: string): number {
  const [left, right] = [/^[0-9]+$/.test(a), /^[0-9]+$/.test(b)]
  if (left !== right) return left ? -1 : 1
  if (left) return BigInt(a) < BigInt(b) ? -1 : BigInt(a) > BigInt(b) ? 1 : 0
  return a < b ? -1 : a > b ? 1 : 0
}

const reading = (normalize: boolean) => (normalize ? normalized : parse)

export const semverFunctions: readonly FunctionDeclaration[] = [
  declare(
    'semver',
    func('string_to_semver', [t.STRING], TYPE, parse, traversal()),
    func('string_bool_to_semver', [t.STRING, t.BOOL], TYPE, (text: string, n: boolean) => reading(n)(text), traversal()),
  ),
  declare(
    'isSemver',
    func('is_semver_string', [t.STRING], t.BOOL, isVersion(parse), traversal()),
    func('is_semver_string_bool', [t.STRING, t.BOOL], t.BOOL, (text: string, n: boolean) => isVersion(reading(n))(text), traversal()),
  ),
  ...PLACES.map((place, index) =>
    declare(
      place.toLowerCase(),
      method<Version>(`semver_${place.toLowerCase()}`, [TYPE], t.INT, ({ numbers }) => numbers[index]!),
    ),
  ),
  declare(
    'isGreaterThan',
    method<Version>('semver_is_greater_than', [TYPE, TYPE], t.BOOL, (a, b: Version) => compare(a, b) > 0n),
  ),
  declare(
    'isLessThan',
    method<Version>('semver_is_less_than', [TYPE, TYPE], t.BOOL, (a, b: Version) => compare(a, b) < 0n),
  ),
  declare('compareTo', method<Version>('semver_compare_to', [TYPE, TYPE], t.INT, compare)),
]
