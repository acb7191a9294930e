/**
 * The rows that the processes of a soak read through their caches, of six kinds. Each kind has fixed
 * options, because all callers of a key must use the same.
 *
 * @module
 */

import type { EntryOptions } from '../../../src/cache/options.ts'

/** The cached value of a row. */
export interface Row {
  readonly row: number
  readonly version: number
}

export const KINDS = ['plain', 'quick', 'late', 'solo', 'batch', 'frail'] as const
export type Kind = (typeof KINDS)[number]

export const ROWS: readonly number[] = Array.from({ length: 36 }, (_, i) => i)
export const PREFIX = 'hot:'

export function kindOf(row: number): Kind {
  return KINDS[row % KINDS.length] ?? 'plain'
}

export function rowsOf(...kinds: Kind[]): number[] {
  return ROWS.filter((row) => kinds.includes(kindOf(row)))
}

export function groupOf(row: number): string {
  return `group:${Math.floor(row / KINDS.length) % 3}`
}

export function keyOf(row: number): string {
  return `${isHot(row) ? PREFIX : 'cold:'}${row}`
}

export function isHot(row: number): boolean {
  return ['plain', 'quick', 'batch'].includes(kindOf(row))
}

/** Only the loader of a late row knows this tag. */
export function lateTagOf(row: number): string {
  return `late:${row}`
}

/**
 * Plain rows have a long ttl. Quick rows are mostly stale and refreshed early. Late rows have a tag that
 * their loader sets. Solo rows have one writer each, so that it may `set` them. Batch rows have the same
 * tags, so that they can be loaded together. Loads of frail rows often fail.
 */
export function optionsOf(row: number): EntryOptions<Row> {
  const tags = [`row:${row}`, groupOf(row)]
  switch (kindOf(row)) {
    case 'plain':
      return { tags, ttl: '1h', staleWhileRevalidate: '1h' }
    case 'quick':
      return { tags, ttl: 400, staleWhileRevalidate: '10m', earlyRefresh: 2 }
    case 'late':
      return { tags: [groupOf(row)], lateTags: true, ttl: '1h' }
    case 'solo':
      return { tags: ['solo'], ttl: '1h' }
    case 'batch':
      return { tags: ['batch'], ttl: '1h', staleWhileRevalidate: 500 }
    case 'frail':
      return { tags, ttl: 200, staleIfError: '10m', loaderTimeout: { soft: 20, hard: 60 } }
  }
}
