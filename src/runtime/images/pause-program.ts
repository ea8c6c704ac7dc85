/**
 * The program that holds a pod's namespaces: a static executable of a few dozen instructions, written out here byte by byte so
 * that the first pod needs neither a registry nor a compiler. It ignores SIGCHLD (the kernel then reaps the children it
 * inherits when a pod shares its process namespace) and sleeps in pause(2) until it is killed.
 */

/** The ELF executable for Go's `architecture` (amd64 or arm64). Throws for others. */
export function pauseProgram(architecture: string): Uint8Array {
  const machine = machines[architecture]
  if (machine === undefined)
    throw new Error(`no pause program for processor ${architecture}: use amd64 or arm64, or set --pod-infra-container-image`)
  const headerBytes = 64 + 56
  const size = headerBytes + machine.code.length
  const elf = Buffer.alloc(size)
  elf.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]) // magic, 64-bit, little-endian, version
  elf.writeUInt16LE(2, 16) // executable
  elf.writeUInt16LE(machine.number, 18)
  elf.writeUInt32LE(1, 20)
  elf.writeBigUInt64LE(LOAD_ADDRESS + BigInt(headerBytes), 24) // entry
  elf.writeBigUInt64LE(64n, 32) // program headers follow
  elf.writeUInt16LE(64, 52)
  elf.writeUInt16LE(56, 54)
  elf.writeUInt16LE(1, 56) // one program header
  elf.writeUInt32LE(1, 64) // load
  elf.writeUInt32LE(5, 68) // read, execute
  elf.writeBigUInt64LE(LOAD_ADDRESS, 80)
  elf.writeBigUInt64LE(LOAD_ADDRESS, 88)
  elf.writeBigUInt64LE(BigInt(size), 96)
  elf.writeBigUInt64LE(BigInt(size), 104)
  elf.writeBigUInt64LE(0x10000n, 112) // alignment
  elf.set(machine.code, headerBytes)
  return elf
}

const LOAD_ADDRESS = 0x400000n

const machines: Readonly<Record<string, { readonly number: number; readonly code: readonly number[] }>> = {
  amd64: {
    number: 62,
    code: [
      ...[0xb8, 13, 0, 0, 0], // mov eax, 13 (rt_sigaction)
      ...[0xbf, 17, 0, 0, 0], // mov edi, 17 (SIGCHLD)
      ...[0x48, 0x8d, 0x35, 20, 0, 0, 0], // lea rsi, [action]
      ...[0x31, 0xd2], // xor edx, edx
      ...[0x41, 0xba, 8, 0, 0, 0], // mov r10d, 8 (bytes of the signal mask)
      ...[0x0f, 0x05], // syscall
      ...[0xb8, 34, 0, 0, 0], // again: mov eax, 34 (pause)
      ...[0x0f, 0x05], // syscall
      ...[0xeb, 0xf7], // jmp again
      ...[0x90], // nop
      ...[1, 0, 0, 0, 0, 0, 0, 0], // action: SIG_IGN
      ...Array<number>(24).fill(0), // flags, restorer, mask
    ],
  },
  arm64: {
    number: 183,
    code: [
      ...[0x20, 0x02, 0x80, 0xd2], // mov x0, 17 (SIGCHLD)
      ...[0xa1, 0x01, 0x00, 0x10], // adr x1, action (52 bytes on)
      ...[0x02, 0x00, 0x80, 0xd2], // mov x2, 0
      ...[0x03, 0x01, 0x80, 0xd2], // mov x3, 8
      ...[0xc8, 0x10, 0x80, 0xd2], // mov x8, 134 (rt_sigaction)
      ...[0x01, 0x00, 0x00, 0xd4], // svc 0
      ...[0x00, 0x00, 0x80, 0xd2], // again: mov x0, 0
      ...[0x01, 0x00, 0x80, 0xd2], // mov x1, 0
      ...[0x02, 0x00, 0x80, 0xd2], // mov x2, 0 (no time limit)
      ...[0x03, 0x00, 0x80, 0xd2], // mov x3, 0
      ...[0x28, 0x09, 0x80, 0xd2], // mov x8, 73 (ppoll)
      ...[0x01, 0x00, 0x00, 0xd4], // svc 0
      ...[0xfa, 0xff, 0xff, 0x17], // b again
      ...[0x1f, 0x20, 0x03, 0xd5], // nop
      ...[1, 0, 0, 0, 0, 0, 0, 0], // action: SIG_IGN
      ...Array<number>(24).fill(0),
    ],
  },
}
