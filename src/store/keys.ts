/** Keys: strings ordered by their UTF-8 bytes. */

/** Below 0, 0 or above 0 as `a` sorts before, with or after `b`. */
export function compareKeys(a: string, b: string): number {
  const shorter = Math.min(a.length, b.length)
  for (let i = 0; i < shorter; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x !== y) return weight(x) - weight(y)
  }
  return a.length - b.length
}

/** UTF-16 puts surrogates (characters beyond U+FFFF) before U+E000 to U+FFFF, UTF-8 after them. */
function weight(unit: number): number {
  return unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit
}

const KEY_CHARACTERS_MAX = 4096 // far above any `/registry/` path; keeps a mistaken key out of every index page

/** Throws for a key that not every driver could keep apart from others. */
export function checkKey(key: string): void {
  if (key === '' || key.length > KEY_CHARACTERS_MAX || !key.isWellFormed() || key.includes('\0'))
    throw new TypeError(`not a store key: ${JSON.stringify(key.slice(0, 100))}`)
}

/** The first key that sorts after every key with this prefix. */
export function prefixEnd(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1)
  return last < 0x7f ? prefix.slice(0, -1) + String.fromCharCode(last + 1) : `${prefix}\u{10ffff}`
}
