/** `--feature-gates`: what of upstream's features can be switched on or off here. */

/** The setting was wrong; the message is upstream's. */
export class FeatureGateError extends Error {
  override readonly name = 'FeatureGateError'
}

/** Gates that make a difference, with upstream's stage and default. What is not here is as upstream has it by default. */
const GATES = {
  /** CBOR as a format of bodies, answers, watches and applied configurations. */
  CBORServingAndStorage: { stage: 'alpha', default: false },
  /** Rights to impersonate that hold for some requests and sorts of users only. */
  ConstrainedImpersonation: { stage: 'alpha', default: false },
} as const

export type FeatureGate = keyof typeof GATES
export type FeatureGates = Readonly<Record<FeatureGate, boolean>>

/** Each gate as metrics tell of it. */
export function describeGates(
  gates: FeatureGates,
): readonly { readonly name: string; readonly stage: string; readonly enabled: boolean }[] {
  return Object.entries(GATES).map(([name, { stage }]) => ({ name, stage: stage.toUpperCase(), enabled: gates[name as FeatureGate] }))
}

/** The gates as words such as `CBORServingAndStorage=true` or `AllAlpha=true` set them. Throws FeatureGateError. */
export function parseFeatureGates(words: readonly string[]): FeatureGates {
  const given = new Map(words.filter((w) => w.trim() !== '').map(parsed))
  for (const name of given.keys())
    if (!(name in GATES) && name !== 'AllAlpha' && name !== 'AllBeta') throw new FeatureGateError(`unrecognized feature gate: ${name}`)
  return Object.fromEntries(
    Object.entries(GATES).map(([name, gate]) => [
      name,
      given.get(name) ?? given.get(`All${gate.stage === 'alpha' ? 'Alpha' : 'Beta'}`) ?? gate.default,
    ]),
  ) as FeatureGates
}

function parsed(word: string): readonly [name: string, enabled: boolean] {
  const equals = word.indexOf('=')
  if (equals < 0) throw new FeatureGateError(`missing bool value for ${word.trim()}`)
  const [name, value] = [word.slice(0, equals).trim(), word.slice(equals + 1).trim()]
  if (!/^(1|t|T|true|TRUE|True|0|f|F|false|FALSE|False)$/.test(value))
    throw new FeatureGateError(
      `invalid value of ${name}=${value}, err: strconv.ParseBool: parsing ${JSON.stringify(value)}: invalid syntax`,
    )
  return [name, /^[1tT]/.test(value)]
}
