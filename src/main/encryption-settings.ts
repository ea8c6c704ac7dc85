/** Encryption at rest as the command line asks for it, with upstream's flags. */

import { readFileSync } from 'node:fs'
import { EncryptionConfigurationError, parseEncryptionConfiguration } from '#apiserver/encryption/configuration.ts'
import { openEncryption, type Encryption } from '#apiserver/encryption/encryption.ts'
import type { Clock } from '#base/clock.ts'
import type { Log } from '#base/log.ts'
import type { Random } from '#base/random.ts'
import { settings, type Values } from '#base/settings.ts'
import { OperatorError } from '#cli/command.ts'
import type { Resource } from '#schema/resource.ts'

export const encryptionSettings = settings({
  encryptionConfig: {
    type: 'string',
    flag: 'encryption-provider-config',
    help: 'File that says which resources are kept encrypted, and under which keys',
  },
  encryptionReload: {
    type: 'bool',
    flag: 'encryption-provider-config-automatic-reload',
    help: 'Read that file again when it changes',
  },
})

const RELOAD_EVERY_MS = 60_000 // upstream's

/** Undefined where nothing is to be encrypted. Throws `OperatorError`. */
export async function encryptionOf(
  { encryptionConfig: path, encryptionReload }: Values<typeof encryptionSettings>,
  parts: { readonly resources: readonly Resource[]; readonly clock: Clock; readonly random: Random; readonly log: Log },
): Promise<Encryption | undefined> {
  if (path === undefined) return undefined
  const { connectKms } = await import('#apiserver/encryption/kms-connection.ts')
  let text = read(path)
  const encryption = await openEncryption(parse(text, path), { ...parts, connect: (socket) => connectKms(socket, parts.clock) }).catch(
    (error: unknown) => {
      throw new OperatorError(`encryption by ${path} cannot begin: ${(error as Error).message}`, { cause: error })
    },
  )
  if (!encryptionReload) return encryption
  const { clock, log } = parts
  let timer: Disposable | undefined
  const again = () => {
    timer = clock.timer(RELOAD_EVERY_MS, () => void reload().finally(again))
  }
  const reload = async () => {
    try {
      const now = read(path)
      if (now === text) return
      await encryption.configure(parse(now, path))
      text = now
      log.info('encryption configured anew', { path })
    } catch (error) {
      log.error('the encryption configuration has changed, but cannot be used: the old one stays', { path, error })
    }
  }
  again()
  return {
    ...encryption,
    async [Symbol.asyncDispose]() {
      timer?.[Symbol.dispose]()
      await encryption[Symbol.asyncDispose]()
    },
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new OperatorError(`cannot read the encryption configuration: ${(error as Error).message}`, { cause: error })
  }
}

function parse(text: string, path: string) {
  try {
    return parseEncryptionConfiguration(text)
  } catch (error) {
    if (!(error instanceof EncryptionConfigurationError)) throw error
    throw new OperatorError(`the encryption configuration in ${path} cannot be used: ${error.message}`, { cause: error })
  }
}
