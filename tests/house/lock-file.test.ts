/** Holds that the lock file names every optional package of every package, so that `npm ci` works on each platform and with each registry. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

type Locked = { readonly optionalDependencies?: Readonly<Record<string, string>> }

test('each optional package a locked package wants is in the lock file', () => {
  const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>
  }
  const missing = Object.entries(lock.packages).flatMap(([path, locked]) =>
    Object.keys(locked.optionalDependencies ?? {}).filter((name) => !isLockedFor(lock.packages, path, name)),
  )
  assert.deepEqual(missing, [])
})

/** Whether a package at a path finds the name as Node.js would: beside its own packages, then in each folder above. */
function isLockedFor(packages: Readonly<Record<string, Locked>>, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true
    if (folder === '') return false
    if (!folder.includes('/node_modules/')) return packages[`node_modules/${name}`] !== undefined
  }
}
