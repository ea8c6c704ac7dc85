/** Holds that each lock file names every optional package of every package and no registry, so that `npm ci` works on each platform and with each registry. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

type Locked = { readonly resolved?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }

for (const path of ['package-lock.json', 'tests/e2e/operators/pepr/package-lock.json']) {
  const { packages } = JSON.parse(readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')) as {
    packages: Readonly<Record<string, Locked>>
  }

  test(`each optional package a locked package wants is in ${path}`, () => {
    const missing = Object.entries(packages).flatMap(([place, locked]) =>
      Object.keys(locked.optionalDependencies ?? {}).filter((name) => !isLockedFor(packages, place, name)),
    )
    assert.deepEqual(missing, [])
  })

  test(`${path} names no registry`, () => {
    const resolved = Object.values(packages).flatMap((locked) => locked.resolved ?? [])
    assert.deepEqual(resolved, [])
  })
}

/** Whether a package at a path finds the name as Node.js would: beside its own packages, then in each folder above. */
function isLockedFor(packages: Readonly<Record<string, Locked>>, path: string, name: string): boolean {
  for (let folder = path; ; folder = folder.slice(0, Math.max(0, folder.lastIndexOf('/node_modules/')))) {
    if (packages[`${folder === '' ? '' : `${folder}/`}node_modules/${name}`] !== undefined) return true
    if (folder === '') return false
    if (!folder.includes('/node_modules/')) return packages[`node_modules/${name}`] !== undefined
  }
}
