/** $(VAR) in commands, arguments, environment values and subPathExpr. */

/**
 * Replaces `$(NAME)` by what `lookup` knows; what it does not know stays as written, and `$$` is one dollar sign that starts
 * nothing. https://kubernetes.io/docs/tasks/inject-data-application/define-interdependent-environment-variables/
 */
export function expand(text: string, lookup: (name: string) => string | undefined): string {
  if (!text.includes('$')) return text
  let out = ''
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== '$' || i + 1 >= text.length) {
      out += text[i]
      continue
    }
    if (text[i + 1] === '$') {
      out += '$'
      i++
      continue
    }
    const close = text[i + 1] === '(' ? text.indexOf(')', i + 2) : -1
    if (close < 0) {
      out += '$'
      continue
    }
    const name = text.slice(i + 2, close)
    out += lookup(name) ?? `$(${name})`
    i = close
  }
  return out
}
