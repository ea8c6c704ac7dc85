/** Users listed in files: static tokens (`token,user,uid,"group1,group2"`) and passwords (`password,user,uid,"groups"`). */

import { createHash, timingSafeEqual } from 'node:crypto'
import type { UserInfo } from '#api/authentication/v1/token-review.ts'
import type { Authenticator, TokenAuthenticator } from './authenticator.ts'

/** A line of the file is wrong; the message says which. */
export class MalformedUserFile extends Error {
  override readonly name = 'MalformedUserFile'
}

interface Line {
  readonly secret: Uint8Array
  readonly user: UserInfo
}

/** Throws `MalformedUserFile`. `file` is only for messages. */
export function staticTokens(text: string, file: string): TokenAuthenticator {
  const byDigest = new Map<string, UserInfo>()
  for (const { secret, user } of linesOf(text, file)) byDigest.set(Buffer.from(secret).toString('hex'), user)
  return {
    authenticateToken(token, audiences) {
      const user = byDigest.get(Buffer.from(digest(token)).toString('hex'))
      return user === undefined ? { type: 'none' } : { type: 'user', user, audiences }
    },
  }
}

/** Throws `MalformedUserFile`. */
export function passwords(text: string, file: string): Authenticator {
  const byName = new Map(linesOf(text, file).map((line) => [line.user.username, line]))
  return {
    authenticate({ headers }) {
      const encoded = /^basic +(\S+)\s*$/i.exec(headers['authorization'] ?? '')?.[1]
      if (encoded === undefined) return { type: 'none' }
      const [name = '', ...rest] = Buffer.from(encoded, 'base64').toString().split(':')
      const line = byName.get(name)
      const right = timingSafeEqual(digest(rest.join(':')), line?.secret ?? NO_SECRET)
      return line !== undefined && right
        ? { type: 'user', user: line.user }
        : { type: 'refused', why: 'invalid username/password combination' }
    },
  }
}

const digest = (secret: string): Uint8Array => createHash('sha256').update(secret).digest()
const NO_SECRET = new Uint8Array(32)

function linesOf(text: string, file: string): readonly Line[] {
  const lines: Line[] = []
  for (const [index, line] of text.split(/\r?\n/).entries()) {
    if (line.trim() === '' || line.startsWith('#')) continue
    const fields = commaSeparated(line)
    const [secret = '', username = '', uid = '', groups = ''] = fields
    if (fields.length < 3)
      throw new MalformedUserFile(
        `${file}, line ${index + 1}: must have at least 3 columns (secret, user name, user uid), found ${fields.length}`,
      )
    if (secret === '') throw new MalformedUserFile(`${file}, line ${index + 1}: the secret is empty`)
    const list = groups.split(',').flatMap((g) => g.trim() || [])
    lines.push({ secret: digest(secret), user: { username, ...(uid !== '' && { uid }), ...(list.length > 0 && { groups: list }) } })
  }
  return lines
}

/** RFC 4180's fields of one line: quoted ones may hold commas, and quotes by doubling them. */
function commaSeparated(line: string): readonly string[] {
  return [...`,${line}`.matchAll(/,\s*(?:"((?:[^"]|"")*)"\s*|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain!.trim(),
  )
}
