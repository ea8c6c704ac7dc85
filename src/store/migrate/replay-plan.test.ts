import { deepEqual } from 'node:assert/strict'
import { test } from 'node:test'
import { replaySteps, type Numbers } from './replay-plan.ts'

const numbers = (createRevision: number, modRevision: number, version: number): Numbers => ({ createRevision, modRevision, version })

test('an entry is put where it was created, where it was changed last, and in between as often as its version says', () => {
  deepEqual(replaySteps([numbers(2, 2, 1), numbers(3, 9, 4), numbers(3, 5, 2)]), [
    { revision: 2, final: [0], before: [] },
    { revision: 3, final: [], before: [1, 2] },
    { revision: 4, final: [], before: [1] },
    { revision: 5, final: [2], before: [1] },
    { revision: 9, final: [1], before: [] },
  ])
})

test('what a store has really seen fits, however many keys are changed over and over', () => {
  const keys = 500
  const rounds = 20
  // all keys in turn, again and again
  const entries = Array.from({ length: keys }, (_, i) => numbers(2 + i, 2 + i + (rounds - 1) * keys, rounds))
  const steps = replaySteps(entries)
  const puts = entries.map(() => 0)
  for (const { revision, final, before } of steps) {
    for (const i of final) deepEqual([(puts[i] ?? 0) + 1, revision], [rounds, entries[i]!.modRevision])
    for (const i of before) puts[i] = puts[i]! + 1
  }
  deepEqual(Math.max(...steps.map((s) => s.before.length + s.final.length)) <= 127, true)
})
