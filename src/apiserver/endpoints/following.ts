/** What is made of something that changes now and then: made anew when that is another, remembered until then. */

export function following<S, T>(source: () => S, make: (source: S) => T): () => T {
  let known: { readonly source: S; readonly made: T } | undefined
  return () => {
    const now = source()
    if (known?.source !== now) known = { source: now, made: make(now) }
    return known.made
  }
}
