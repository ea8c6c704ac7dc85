/** Writes protobuf backwards, from the last byte to the first, so that a length is known when its turn comes. */

const INITIAL_BYTES = 2048 // most objects; allocated from Node's pool

export class ProtobufWriter {
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES)
  /** First byte written; everything from here to the end is. */
  #at = INITIAL_BYTES

  /** Bytes written so far. */
  get length(): number {
    return this.#buffer.length - this.#at
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    const out = new Uint8Array(this.length)
    out.set(this.#buffer.subarray(this.#at))
    return out
  }

  #room(bytes: number): void {
    if (this.#at >= bytes) return
    const length = this.length
    const grown = Buffer.allocUnsafe(Math.max(this.#buffer.length * 2, length + bytes))
    this.#buffer.copy(grown, grown.length - length, this.#at)
    this.#at = grown.length - length
    this.#buffer = grown
  }

  byte(value: number): void {
    if (this.#at === 0) this.#room(1)
    this.#buffer[--this.#at] = value
  }

  /** An integer of up to 64 bits; negative ones as ten bytes. */
  varint(value: number): void {
    if (value >= 0 && value < 0x80) this.byte(value)
    else if (value >= 0 && value <= 0xffffffff) {
      const bytes = value < 0x4000 ? 2 : value < 0x200000 ? 3 : value < 0x10000000 ? 4 : 5
      this.#room(bytes)
      let at = (this.#at -= bytes)
      for (; value > 0x7f; value >>>= 7) this.#buffer[at++] = (value & 0x7f) | 0x80
      this.#buffer[at] = value
    } else this.wideVarint(BigInt(Math.trunc(value)))
  }

  wideVarint(value: bigint): void {
    const bytes: number[] = []
    for (value = BigInt.asUintN(64, value); value > 0x7fn; value >>= 7n) bytes.push(Number(value & 0x7fn) | 0x80)
    bytes.push(Number(value))
    this.bytes(Uint8Array.from(bytes))
  }

  bytes(value: Uint8Array): void {
    this.#room(value.length)
    this.#at -= value.length
    this.#buffer.set(value, this.#at)
  }

  /** UTF-8 without its length. */
  string(value: string): void {
    const length = value.length
    if (length <= 48) {
      this.#room(length)
      let at = this.#at
      let i = length - 1
      for (; i >= 0; i--) {
        const c = value.charCodeAt(i)
        if (c > 0x7f) break
        this.#buffer[--at] = c
      }
      if (i < 0) {
        this.#at = at
        return
      }
    }
    const bytes = Buffer.byteLength(value)
    this.#room(bytes)
    this.#at -= bytes
    this.#buffer.write(value, this.#at, bytes, 'utf8')
  }

  double(value: number): void {
    this.#room(8)
    this.#buffer.writeDoubleLE(value, (this.#at -= 8))
  }

  float(value: number): void {
    this.#room(4)
    this.#buffer.writeFloatLE(value, (this.#at -= 4))
  }
}
