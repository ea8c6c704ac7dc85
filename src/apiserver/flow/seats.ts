/** How many requests of each priority level may be at work: its share, and what it borrows from levels that need theirs less. Pure. */

import type { PriorityLevelConfigurationSpec } from '#api/flowcontrol/v1/priority-level-configuration.ts'

/** Of one level, in seats. */
export interface SeatRange {
  readonly nominal: number
  /** What is left when all that may be lent is lent. */
  readonly least: number
  readonly most: number
}

const DEFAULT_SHARES = 30

/** The server's seats parted by the levels' shares. */
export function seatRanges(levels: ReadonlyMap<string, PriorityLevelConfigurationSpec>, total: number): ReadonlyMap<string, SeatRange> {
  const shares = new Map([...levels].map(([name, spec]) => [name, sharesOf(spec)]))
  const sum = [...shares.values()].reduce((a, b) => a + b, 0)
  return new Map(
    [...levels].map(([name, spec]) => {
      const nominal = sum === 0 ? 0 : Math.ceil((total * shares.get(name)!) / sum)
      const lendable = Math.round((nominal * ((spec.limited ?? spec.exempt)?.lendablePercent ?? 0)) / 100)
      const borrowing = spec.limited?.borrowingLimitPercent
      const most = borrowing === undefined ? total : nominal + Math.round((nominal * borrowing) / 100)
      return [name, { nominal, least: nominal - lendable, most }]
    }),
  )
}

function sharesOf({ limited, exempt }: PriorityLevelConfigurationSpec): number {
  return limited ? (limited.nominalConcurrencyShares ?? DEFAULT_SHARES) : (exempt?.nominalConcurrencyShares ?? 0)
}

export interface Wanted extends SeatRange {
  readonly demand: number
}

/** What every level gets until the next look: as much of its demand as all the others get of theirs, within its range. */
export function partSeats(levels: ReadonlyMap<string, Wanted>, total: number): ReadonlyMap<string, number> {
  const targetOf = ({ least, demand, most }: Wanted) => Math.max(least, Math.min(demand, most))
  const at = (fraction: number) =>
    new Map([...levels].map(([name, level]) => [name, Math.max(level.least, Math.min(level.most, fraction * targetOf(level)))]))
  const sum = (parts: ReadonlyMap<string, number>) => [...parts.values()].reduce((a, b) => a + b, 0)
  let low = 0
  let high = 1
  while (high < total + 1 && sum(at(high)) < total) high *= 2
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2
    if (sum(at(middle)) < total) low = middle
    else high = middle
  }
  return new Map([...at(low)].map(([name, seats]) => [name, Math.round(seats)]))
}

const SMOOTHING = 0.977 // upstream's: demand that falls is believed slowly, one that rises at once

export function smoothDemand(
  before: number,
  { average, deviation, highest }: { average: number; deviation: number; highest: number },
): number {
  const envelope = Math.min(average + deviation, highest)
  return Math.max(envelope, SMOOTHING * before + (1 - SMOOTHING) * envelope)
}
