/** JSON Merge Patch (RFC 7386). */

/** The patched document; neither argument is changed, and the result may share parts with both. */
export function applyMergePatch(document: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch
  const members = new Map(isObject(document) ? Object.entries(document) : [])
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) members.delete(key)
    else members.set(key, isObject(value) ? applyMergePatch(members.get(key), value) : value)
  }
  // fromEntries defines members, so a key named `__proto__` stays a key.
  return Object.fromEntries(members)
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
