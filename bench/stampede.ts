/**
 * How many loads 1,000 concurrent reads of an absent key cause, in one process and in four.
 *
 * @module
 */

import { join } from 'node:path'
import { startRedisServer } from '../test/support/redis-server.ts'
import type { Report, Target } from './measure.ts'
import { startProgram } from './processes.ts'
import { CACHES } from './remote-caches.ts'

const READS = 1_000
const PROCESSES = [1, 4] as const
/** Time for four processes to start and connect. */
const HEAD_START_MS = 4_000

/** Runs the benchmark. */
export async function benchStampede(): Promise<Report> {
  const rows: (string | number)[][] = []
  const targets: Target[] = []
  for (const name of Object.keys(CACHES)) {
    const row: (string | number)[] = [name]
    for (const processes of PROCESSES) {
      const { loads, ms } = await stampede(name, processes)
      row.push(loads, Math.round(ms))
      if (name !== 'nearcache') continue
      const what = `${READS} reads at once of an absent key in ${processes} process${processes > 1 ? 'es' : ''}: loads`
      targets.push({ what, measured: loads, bound: { atMost: 1 } })
    }
    rows.push(row)
  }
  const heads = ['', ...PROCESSES.flatMap((n) => [`loads, ${n} x ${READS / n}`, 'slowest, ms'])]
  return {
    title: 'Stampede',
    rounds: 0,
    ratios: [],
    figures: [],
    counts: {},
    targets,
    tables: [{ title: 'loads', heads, rows }],
    notes: ['Over TCP, one run each; the loader takes 50 ms.'],
  }
}

async function stampede(
  name: string,
  processes: number,
): Promise<{ readonly loads: number; readonly ms: number }> {
  const server = await startRedisServer()
  const instant = Date.now() + HEAD_START_MS
  const script = join(import.meta.dirname, 'stampede-process.ts')
  const words = [script, name, String(server.port), String(READS / processes), String(instant)]
  try {
    const lines = await Promise.all(
      Array.from({ length: processes }, () => startProgram(process.execPath, words, /^(\{.*\})$/)),
    )
    const ends = lines.map((line) => JSON.parse(line) as { loads: number; ms: number })
    return {
      loads: ends.reduce((sum, { loads }) => sum + loads, 0),
      ms: Math.max(...ends.map(({ ms }) => ms)),
    }
  } finally {
    await server.stop()
  }
}
