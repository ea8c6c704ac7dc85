/** How a process under the shim sets its own faults; see `shim/disk.c`. */

import { openSync } from 'node:fs'

/** Answers whether the fault before has happened. */
export function setFault(what: string): boolean {
  try {
    openSync(`/k8ts-disk-fault/${what}`, 'r')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') return true
    if (code === 'ENOENT') return false
    throw error
  }
  throw new Error('the shim is not loaded')
}
