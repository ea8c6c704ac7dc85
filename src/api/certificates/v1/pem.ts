/** Reads PEM: blocks of base64 between BEGIN and END lines, with whatever text around them. */

import { X509Certificate } from 'node:crypto'

export interface PemBlock {
  readonly type: string
  readonly hasHeaders: boolean
  readonly bytes: Buffer
}

const BLOCK = /^-----BEGIN ([^\r\n]*)-----[ \t]*\r?\n([\s\S]*?)^-----END \1-----[ \t]*\r?$/gm
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** The blocks in order; what only looks like one is passed over. */
export function pemBlocks(text: string): PemBlock[] {
  return [...text.matchAll(BLOCK)].flatMap(([, type = '', body = '']) => {
    const lines = body.split(/\r?\n/)
    const headers = lines.findIndex((line) => !line.includes(':'))
    const base64 = lines.slice(Math.max(headers, 0)).join('').replaceAll(/\s/g, '')
    return BASE64.test(base64) ? [{ type, hasHeaders: headers > 0, bytes: Buffer.from(base64, 'base64') }] : []
  })
}

/** The certificate in DER, undefined when it is none. */
export function certificateOf(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes)
  } catch {
    return undefined
  }
}
