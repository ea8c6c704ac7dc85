/** Shuffle sharding: deals each flow a small hand of queues, so that two flows rarely share all of theirs. */

import { createHash } from 'node:crypto'

/** 64 bits of a flow's name. */
export function flowHash(schema: string, distinguisher: string): bigint {
  return createHash('sha256').update(`${schema},${distinguisher}`).digest().readBigUInt64LE(0)
}

/** `handSize` different numbers below `deckSize`, always the same for one hash. */
export function deal(hash: bigint, deckSize: number, handSize: number): readonly number[] {
  const hand: number[] = []
  let rest = hash
  for (let i = 0; i < handSize; i++) {
    const left = BigInt(deckSize - i)
    let card = Number(rest % left)
    rest /= left
    // counted among the cards still there: those dealt before are passed over
    for (const taken of hand.toSorted((a, b) => a - b)) if (card >= taken) card++
    hand.push(card)
  }
  return hand
}
