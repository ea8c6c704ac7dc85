/** URLs as Go's net/url reads them, with its words for what is wrong. */

export interface GoUrl {
  readonly scheme: string
  /** With its port. */
  readonly host: string
  readonly escapedPath: string
  readonly query: string
}

/** Throws an Error with Go's text. `isRequest`: absolute, or a path from the root, and without a fragment of its own. */
export function parseUrl(text: string, isRequest: boolean): GoUrl {
  try {
    return parsed(isRequest ? text : text.split('#')[0]!, isRequest)
  } catch (error) {
    throw new Error(`parse ${JSON.stringify(text)}: ${(error as Error).message}`, { cause: error })
  }
}

function parsed(text: string, isRequest: boolean): GoUrl {
  // oxlint-disable-next-line no-control-regex -- they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(text)) throw new Error('net/url: invalid control character in URL')
  if (text === '' && isRequest) throw new Error('empty url')
  if (text === '*') return { scheme: '', host: '', escapedPath: '*', query: '' }
  const { scheme, rest: afterScheme } = schemeOf(text)
  const mark = afterScheme.indexOf('?')
  const query = mark < 0 ? '' : afterScheme.slice(mark + 1)
  let rest = mark < 0 ? afterScheme : afterScheme.slice(0, mark)
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { scheme, host: '', escapedPath: '', query }
    if (isRequest) throw new Error('invalid URI for request')
    if (rest.split('/')[0]!.includes(':')) throw new Error('first path segment in URL cannot contain colon')
  }
  let host = ''
  if (rest.startsWith('//') && (scheme !== '' || (!isRequest && !rest.startsWith('///')))) {
    const end = rest.indexOf('/', 2)
    host = hostOf(end < 0 ? rest.slice(2) : rest.slice(2, end))
    rest = end < 0 ? '' : rest.slice(end)
  }
  return { scheme: scheme.toLowerCase(), host, escapedPath: escapedPath(rest), query }
}

function schemeOf(text: string): { readonly scheme: string; readonly rest: string } {
  const found = /^[a-zA-Z][a-zA-Z0-9+.-]*:/.exec(text)
  if (found) return { scheme: found[0].slice(0, -1), rest: text.slice(found[0].length) }
  if (text.startsWith(':')) throw new Error('missing protocol scheme')
  return { scheme: '', rest: text }
}

function hostOf(authority: string): string {
  const at = authority.lastIndexOf('@')
  if (at >= 0 && !/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(authority.slice(0, at))) throw new Error('net/url: invalid userinfo')
  const host = authority.slice(at + 1)
  if (host.startsWith('[')) {
    const end = host.lastIndexOf(']')
    if (end < 0) throw new Error("missing ']' in host")
    checkPort(host.slice(end + 1))
  } else if (host.includes(':')) checkPort(host.slice(host.lastIndexOf(':')))
  for (const character of host)
    if (/[ "<>\\^`{|}]/.test(character)) throw new Error(`invalid character ${JSON.stringify(character)} in host name`)
  return unescaped(host)
}

function checkPort(text: string): void {
  if (!/^(?::[0-9]*)?$/.test(text)) throw new Error(`invalid port ${JSON.stringify(text)} after host`)
}

function unescaped(text: string): string {
  const wrong = /%(?![0-9a-fA-F]{2}).{0,2}/.exec(text)
  if (wrong) throw new Error(`invalid URL escape ${JSON.stringify(wrong[0])}`)
  return Buffer.from(
    text.replaceAll(/%([0-9a-fA-F]{2})|([^%]+)/g, (_, hex: string | undefined, plain: string | undefined) =>
      hex === undefined ? Buffer.from(plain!).toString('latin1') : String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  ).toString('utf8')
}

function escapedPath(path: string): string {
  const plain = unescaped(path)
  if (/^(?:[A-Za-z0-9\-_.~!$&'()*+,;=:@/[\]]|%[0-9a-fA-F]{2})*$/.test(path)) return path
  return [...Buffer.from(plain)]
    .map((byte) => {
      const character = String.fromCharCode(byte)
      return /[A-Za-z0-9\-_.~$&+,/:;=@]/.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
    })
    .join('')
}

/** The parameters of a query; what cannot be read is left out. */
export function queryParameters(query: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, string[]>()
  for (const part of query.split('&')) {
    if (part === '' || part.includes(';')) continue
    const equalSign = part.indexOf('=')
    const [key, value] = equalSign < 0 ? [part, ''] : [part.slice(0, equalSign), part.slice(equalSign + 1)]
    try {
      const name = unescaped(key.replaceAll('+', ' '))
      const values = found.get(name) ?? []
      values.push(unescaped(value.replaceAll('+', ' ')))
      found.set(name, values)
    } catch {
      continue
    }
  }
  return found
}
