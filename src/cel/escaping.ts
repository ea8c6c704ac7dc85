/** Names of JSON members as CEL can write them: `a-b` is `a__dash__b`, `namespace` is `__namespace__`. */

const WRITABLE = /^[a-zA-Z_./-][a-zA-Z0-9_./-]*$/
const WORDS: Readonly<Record<string, string>> = { __: '__underscores__', '.': '__dot__', '-': '__dash__', '/': '__slash__' }
const RESERVED: ReadonlySet<string> = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(' '),
)

/** Undefined when the name cannot be written at all. */
export function escaped(name: string): string | undefined {
  if (RESERVED.has(name)) return `__${name}__`
  if (!WRITABLE.test(name)) return undefined
  return name.replaceAll(/__|[-./]/g, (part) => WORDS[part]!)
}
