/** Unified diffs of texts, line by line, with the fewest changed lines. */

const CONTEXT_LINES = 3
const CHANGES_MAX = 1000 // the walk remembers about as many numbers squared; texts with less in common are told one after the other

interface Line {
  readonly kind: ' ' | '-' | '+'
  readonly text: string
}

/** Empty when the texts are the same. */
export function unifiedDiff(before: string, after: string, names: readonly [string, string]): string {
  if (before === after) return ''
  const lines = compare(linesOf(before), linesOf(after))
  const out = [`--- ${names[0]}`, `+++ ${names[1]}`]
  let [oldLine, newLine] = [1, 1]
  for (let i = 0; i < lines.length;) {
    const from = lines.findIndex((l, j) => j >= i && l.kind !== ' ')
    if (from < 0) break
    const start = Math.max(i, from - CONTEXT_LINES)
    const end = endOfHunk(lines, from)
    oldLine += start - i
    newLine += start - i
    const hunk = lines.slice(start, end)
    const [olds, news] = [hunk.filter((l) => l.kind !== '+').length, hunk.filter((l) => l.kind !== '-').length]
    out.push(`@@ -${place(oldLine, olds)} +${place(newLine, news)} @@`, ...hunk.map((l) => l.kind + l.text))
    oldLine += olds
    newLine += news
    i = end
  }
  return `${out.join('\n')}\n`
}

/** Changes with at most twice the context between them share a hunk. */
function endOfHunk(lines: readonly Line[], from: number): number {
  let last = from
  for (let i = from; i < lines.length && i - last <= 2 * CONTEXT_LINES; i++) if (lines[i]!.kind !== ' ') last = i
  return Math.min(lines.length, last + 1 + CONTEXT_LINES)
}

function place(line: number, count: number): string {
  return count === 1 ? String(line) : `${count === 0 ? line - 1 : line},${count}`
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** Myers' greedy walk: for each number of changes how far each diagonal gets, then the way back. */
function compare(before: readonly string[], after: readonly string[]): readonly Line[] {
  const [n, m] = [before.length, after.length]
  const trace: Map<number, number>[] = []
  let reach = new Map([[1, 0]])
  for (let d = 0; ; d++) {
    trace.push(new Map(reach))
    const next = new Map(reach)
    for (let k = -d; k <= d; k += 2) {
      const down = k === -d || (k !== d && reach.get(k - 1)! < reach.get(k + 1)!)
      let x = down ? reach.get(k + 1)! : reach.get(k - 1)! + 1
      while (x < n && x - k < m && before[x] === after[x - k]) x++
      next.set(k, x)
      if (x >= n && x - k >= m) return wayBack(trace, before, after)
    }
    reach = next
    if (d === CHANGES_MAX)
      return [...before.map((text): Line => ({ kind: '-', text })), ...after.map((text): Line => ({ kind: '+', text }))]
  }
}

function wayBack(trace: readonly ReadonlyMap<number, number>[], before: readonly string[], after: readonly string[]): readonly Line[] {
  const lines: Line[] = []
  let [x, y] = [before.length, after.length]
  for (let d = trace.length - 1; d >= 0; d--) {
    const reach = trace[d]!
    const k = x - y
    const down = k === -d || (k !== d && reach.get(k - 1)! < reach.get(k + 1)!)
    const fromX = down ? reach.get(k + 1)! : reach.get(k - 1)!
    const fromY = fromX - (down ? k + 1 : k - 1)
    while (x > fromX && y > fromY) {
      lines.push({ kind: ' ', text: before[--x]! })
      y--
    }
    if (d === 0) break
    if (down) lines.push({ kind: '+', text: after[--y]! })
    else lines.push({ kind: '-', text: before[--x]! })
  }
  return lines.toReversed()
}
