/**
 * Runs processes with caches of their own on one Redis, causes faults in Redis and the processes, and
 * sums up their reports.
 *
 * @module
 */

import { type ChildProcess, fork } from 'node:child_process'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { NearOptions } from '../../../src/cache/options.ts'
import type { Command, Transport } from '../../../src/redis/requester.ts'
import type { Way } from './protocol.ts'
import {
  CALLS,
  type CallName,
  type Mutant,
  type SoakPlan,
  type SoakReport,
  type Violation,
} from './soak-plan.ts'

const SCRIPT = fileURLToPath(new URL('soak-process.ts', import.meta.url))
/** Node before 22.18 strips types only with this flag. */
const NODE_OPTIONS = ['--experimental-strip-types', '--no-warnings']

const KILL_EVERY_MS = 1_200
/** The additional time within which a broken cache must be found. */
const MUTANT_LIMIT_MS = 30_000

/** The configuration of each process. Clocks affect only how fresh an entry is. */
const PROCESSES: readonly { readonly near: NearOptions | false; readonly clockOffsetMs: number }[] =
  [
    { near: { ttl: 250 }, clockOffsetMs: 0 },
    { near: { verify: true }, clockOffsetMs: -300_000 },
    { near: false, clockOffsetMs: 300_000 },
    { near: { ttl: 100, values: 'copy' }, clockOffsetMs: 1_500 },
  ]

/** Options for {@link runSoak}. */
export interface SoakOptions {
  readonly way: Way
  readonly source: string
  /** A transport to the cache's Redis, to cause faults. */
  readonly behind: Transport
  /**
   * The least duration. A run takes up to three times as long on a busy machine where some call was not made
   * yet, and longer while a broken cache has not been found.
   */
  readonly durationMs: number
  readonly mutant?: Mutant
  /** Whether Redis loses data and processes are killed. @default true */
  readonly harm?: boolean
  /** Called several times a second. */
  readonly everyTurn?: () => unknown
}

/** Sums over all processes, including killed ones. */
export interface SoakResult {
  readonly processes: number
  readonly reads: number
  readonly hits: number
  readonly nearHits: number
  readonly loads: number
  readonly failed: number
  readonly calls: Readonly<Partial<Record<CallName, number>>>
  readonly kills: number
  readonly losses: number
  readonly violated: number
  /** The first violations of each process. */
  readonly violations: readonly Violation[]
}

type Told = Extract<SoakReport, { kind: 'tally' }>

/** One slot for a process. A killed process is replaced. */
class Seat {
  readonly #plan: SoakPlan
  readonly #told: Told[] = []
  #child: ChildProcess | undefined

  constructor(plan: SoakPlan) {
    this.#plan = plan
  }

  async fill(): Promise<void> {
    const child = fork(SCRIPT, [JSON.stringify(this.#plan)], { execArgv: NODE_OPTIONS })
    this.#child = child
    const place = this.#told.length
    await new Promise<void>((resolve, reject) => {
      child.once('exit', (code) => reject(new Error(`a process of the soak ended with ${code}`)))
      child.on('message', (report: SoakReport) => {
        if (report.kind === 'ready') resolve()
        else this.#told[place] = report
      })
    })
  }

  async kill(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGKILL')
    await gone
  }

  /** Whether the process runs or was killed on purpose. An error in its own code would have ended it. */
  get isSound(): boolean {
    return this.#child?.exitCode === null
  }

  get told(): readonly Told[] {
    return this.#told
  }
}

export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const { way, source, behind, durationMs, mutant, harm = true, everyTurn } = options
  const processes = PROCESSES.length
  const seats = PROCESSES.map(
    (one, index) => new Seat({ ...one, way, source, index, processes, mutant }),
  )
  let [kills, losses] = [0, 0]
  try {
    await Promise.all(seats.map((seat) => seat.fill()))
    const end = performance.now() + durationMs
    const isOver = (): boolean =>
      performance.now() > end &&
      !(harm && lacksSomething(seats, end + 2 * durationMs)) &&
      !(mutant && lacksViolations(seats, end + MUTANT_LIMIT_MS))

    async function killInTurn(): Promise<void> {
      while (performance.now() + KILL_EVERY_MS < end) {
        await delay(KILL_EVERY_MS)
        const seat = seats[kills++ % processes]
        await seat?.kill()
        await seat?.fill()
      }
    }

    async function loseInTurn(): Promise<void> {
      while (!isOver()) {
        await delay(50 + Math.random() * 200)
        everyTurn?.()
        if (harm) losses += await loseSomething(behind)
      }
    }

    await Promise.all([loseInTurn(), harm && killInTurn()])
    await delay(200) // waits for the last tallies
    if (!seats.every((seat) => seat.isSound)) throw new Error('a process of the soak has ended')
  } finally {
    await Promise.all(seats.map((seat) => seat.kill()))
  }
  return { processes, kills, losses, ...sumOf(seats.flatMap(({ told }) => told)) }
}

/** Whether some call was not made yet, or no near hit has happened. */
function lacksSomething(seats: readonly Seat[], until: number): boolean {
  const { calls, nearHits } = sumOf(seats.flatMap(({ told }) => told))
  const isLacking = nearHits === 0 || CALLS.some((name) => calls[name] === undefined)
  return isLacking && performance.now() < until
}

function lacksViolations(seats: readonly Seat[], until: number): boolean {
  const { violated } = sumOf(seats.flatMap(({ told }) => told))
  return performance.now() < until && violated === 0
}

/** Deletes some keys of any kind, all keys, or all scripts; or closes all connections. */
async function loseSomething(behind: Transport): Promise<number> {
  const send = async (...body: Command): Promise<unknown> =>
    (await behind.request<unknown>({ body })).result
  const draw = Math.random()
  if (draw < 0.1) await send('FLUSHALL')
  else if (draw < 0.2) await send('SCRIPT', 'FLUSH')
  else if (draw < 0.25) await send('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes')
  else {
    const part = pick([':t:', ':l:', ':e:'])
    const keys = (await send('KEYS', `*${part}*`)) as string[]
    const lost = keys.filter(() => Math.random() < 0.2)
    if (lost.length === 0) return 0
    await send('DEL', ...lost)
  }
  return 1
}

function sumOf(told: readonly Told[]): Omit<SoakResult, 'processes' | 'kills' | 'losses'> {
  const sum = (amount: (one: Told) => number): number =>
    told.reduce((total, one) => total + amount(one), 0)
  const names = new Set(told.flatMap(({ tally }) => Object.keys(tally.calls) as CallName[]))
  return {
    reads: sum(({ tally }) => tally.reads),
    hits: sum(({ tally }) => tally.hits),
    nearHits: sum(({ tally }) => tally.nearHits),
    loads: sum(({ tally }) => tally.loads),
    failed: sum(({ tally }) => tally.failed),
    calls: Object.fromEntries(
      [...names].map((name) => [name, sum(({ tally }) => tally.calls[name] ?? 0)]),
    ),
    violated: sum(({ violated }) => violated),
    violations: told.flatMap(({ violations }) => violations),
  }
}

function pick<T>(all: readonly T[]): T {
  return all[Math.floor(Math.random() * all.length)] as T
}
