/** HTTP/2 frames written by hand, for tests of clients that do not keep to the rules. */

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const FRAME = { HEADERS: 1, RST_STREAM: 3, SETTINGS: 4, PING: 6, GOAWAY: 7, CONTINUATION: 9 } as const
export const END_STREAM = 0x1
export const END_HEADERS = 0x4

export function frame(type: number, flags: number, stream: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

/** `GET path` in HPACK without its table. */
export function getRequest(path: string, authority = 'localhost'): Buffer {
  const indexed = [0x82, 0x87] // :method GET, :scheme https
  return Buffer.concat([Buffer.from(indexed), literal(':path', path), literal(':authority', authority)])
}

/** A header that the receiver is asked not to keep. */
export function literal(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x00]), text(name), text(value)])
}

/** A header that the receiver is asked to keep as the newest of its table, which `0xbe` then stands for. */
export function kept(name: string, value: string): Buffer {
  return Buffer.concat([Buffer.from([0x40]), text(name), text(value)])
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  if (bytes.length < 127) return Buffer.concat([Buffer.from([bytes.length]), bytes])
  const length: number[] = [127]
  let rest = bytes.length - 127
  for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
  return Buffer.concat([Buffer.from([...length, rest]), bytes])
}

/** The frames in what a server has sent. */
export function frames(bytes: Buffer): { readonly type: number; readonly stream: number; readonly payload: Buffer }[] {
  const found = []
  for (let at = 0; at + 9 <= bytes.length;) {
    const length = bytes.readUIntBE(at, 3)
    found.push({ type: bytes[at + 3]!, stream: bytes.readUInt32BE(at + 5), payload: bytes.subarray(at + 9, at + 9 + length) })
    at += 9 + length
  }
  return found
}
