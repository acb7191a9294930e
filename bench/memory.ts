/**
 * Bytes of heap for an entry in memory: a record of about a thousand bytes, with one tag if the cache has
 * tags, compared with the record alone in a Map.
 *
 * @module
 */

import { join } from 'node:path'
import { startRedisServer } from '../test/support/redis-server.ts'
import { median, type Report } from './measure.ts'
import { startProgram } from './processes.ts'

const ROUNDS = 7
const FLOOR = 'Map'
const OURS = 'nearcache, near tier'
/** Names that `memory-process.ts` accepts. */
const WAYS = [
  FLOOR,
  'lru-cache',
  OURS,
  `${OURS}, each entry read`,
  'bentocache, memory, values shared',
]

/** Runs the benchmark. */
export async function benchMemory(): Promise<Report> {
  const samples = new Map<string, number[]>(WAYS.map((name) => [name, []]))
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of WAYS) samples.get(name)?.push(await bytesOf(name))
  }
  const of = (name: string): number => Math.round(median(samples.get(name) ?? []))
  const floor = of(FLOOR)
  const rows = WAYS.map((name) => [
    name,
    of(name),
    of(name) - floor,
    `${(of(name) / floor).toFixed(2)} x`,
  ])
  return {
    title: 'Heap of an entry',
    rounds: ROUNDS,
    ratios: [],
    figures: [],
    counts: {},
    targets: [
      {
        what: 'an entry of 1 KB with a tag in the near tier: bytes of heap',
        measured: of(OURS),
        bound: { atMost: 1_500 },
      },
    ],
    tables: [{ title: 'heap', heads: ['', 'bytes/entry', 'above a Map', 'of a Map'], rows }],
    notes: ['20,000 entries in a process of their own, after a full garbage collection.'],
  }
}

async function bytesOf(name: string): Promise<number> {
  const server = await startRedisServer()
  try {
    const script = join(import.meta.dirname, 'memory-process.ts')
    const words = [script, name, server.url]
    return Number(await startProgram(process.execPath, words, /^bytes (.*)$/))
  } finally {
    await server.stop()
  }
}
