/**
 * The values that a filter can want of one field, and how two such values combine.
 *
 * @module
 */

import { implies, withoutImplied } from './search.ts'

/** No message can have such a value. */
export const NONE: unique symbol = Symbol('none')
/** Every message has such a value. */
export const UNITED: unique symbol = Symbol('all')

/** The algebra of the values that a filter can want of one field. */
export interface Dimension<V> {
  /** The value that means "meets both". */
  both(a: V, b: V): V | typeof NONE
  /** The value that means "meets at least one"; `NONE` if no single value can express that. */
  either(a: V, b: V): V | typeof NONE | typeof UNITED
  /** Whether everything that meets `b` also meets `a`. */
  includes(a: V, b: V): boolean
}

/** A list; the field's value is one of it. A list of all `words`, if they are given, excludes nothing. */
export function setOf<T extends string | null>(
  words: readonly T[] | undefined,
): Dimension<readonly T[]> {
  return {
    both(a, b) {
      const members = new Set(b)
      const shared = a.filter((member) => members.has(member))
      return shared.length === 0 ? NONE : Object.freeze(shared)
    },
    either(a, b) {
      const all = sortedSet([...a, ...b])
      return all.length === words?.length ? UNITED : all
    },
    includes(a, b) {
      const members = new Set(a)
      return b.every((member) => members.has(member))
    },
  }
}

/** Lists of names from an open set. */
export const namesAlone: Dimension<readonly string[]> = setOf<string>(undefined)

export const flag: Dimension<boolean> = {
  both: (a, b) => (a === b ? a : NONE),
  either: (a, b) => (a === b ? a : UNITED),
  includes: (a, b) => a === b,
}

interface Span {
  readonly from?: number
  readonly to?: number
}

/** Ranges of whole numbers, both ends included. */
export const range: Dimension<Span> = {
  both(a, b) {
    const [from, to] = [Math.max(startOf(a), startOf(b)), Math.min(endOf(a), endOf(b))]
    return from > to ? NONE : spanOf(from, to)
  },
  either(a, b) {
    // Adjacent ranges have no number between them, so they can be united.
    const isGap = endOf(a) + 1 < startOf(b) || endOf(b) + 1 < startOf(a)
    if (isGap) return NONE
    const [from, to] = [Math.min(startOf(a), startOf(b)), Math.max(endOf(a), endOf(b))]
    return Number.isFinite(from) || Number.isFinite(to) ? spanOf(from, to) : UNITED
  },
  includes: (a, b) => startOf(a) <= startOf(b) && endOf(a) >= endOf(b),
}

/** Several lists; a field with many values has at least one value of each list. */
export const wantedOfMany: Dimension<readonly (readonly string[])[]> = {
  both: (a, b) => withoutWeaker([...a, ...b]),
  either(a, b) {
    if (a.length * b.length > MAX_CLAUSES) return NONE
    return withoutWeaker(a.flatMap((one) => b.map((other) => sortedSet([...one, ...other]))))
  },
  includes: (a, b) => a.every((weaker) => b.some((list) => isPart(list, weaker))),
}

/** Lists that a union may have. With more, the alternatives stay separate. */
const MAX_CLAUSES = 16

/** Search terms that must all match. */
export const terms: Dimension<readonly string[]> = {
  both: (a, b) => Object.freeze(withoutImplied([...a, ...b])),
  either(a, b) {
    if (terms.includes(a, b)) return a
    return terms.includes(b, a) ? b : NONE
  },
  includes: (a, b) => a.every((term) => b.some((other) => implies(other, term))),
}

/** Null first, then by UTF-16 units; any fixed order would do. */
export function sortedSet<T extends string | null>(list: readonly T[]): readonly T[] {
  return Object.freeze([...new Set(list)].sort(compareMembers))
}

function compareMembers(a: string | null, b: string | null): number {
  if (a === null || b === null) return Number(b === null) - Number(a === null)
  return a < b ? -1 : Number(a > b)
}

/** Sorts the lists and removes duplicates and those that a narrower list implies. */
export function withoutWeaker(
  lists: readonly (readonly string[])[],
): readonly (readonly string[])[] {
  const distinct = [...new Map(lists.map((list) => [JSON.stringify(list), list])).entries()]
  const kept = distinct.filter(
    ([, list]) => !distinct.some(([, other]) => other !== list && isPart(other, list)),
  )
  return Object.freeze(kept.sort(([a], [b]) => (a < b ? -1 : 1)).map(([, list]) => list))
}

function isPart(part: readonly string[], whole: readonly string[]): boolean {
  const members = new Set(whole)
  return part.every((member) => members.has(member))
}

function startOf({ from = Number.NEGATIVE_INFINITY }: Span): number {
  return from
}

function endOf({ to = Infinity }: Span): number {
  return to
}

function spanOf(from: number, to: number): Span {
  return Object.freeze({
    ...(Number.isFinite(from) ? { from } : {}),
    ...(Number.isFinite(to) ? { to } : {}),
  })
}
