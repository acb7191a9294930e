import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { restTransport } from '../../src/redis/rest.ts'
import { amount, isDeep } from '../support/deep.ts'
import { found } from '../support/findings.ts'
import { WAYS } from '../support/rest-fetches.ts'
import { deadPort, type FaultServer, startFaultServer, TOKEN } from './fault-server.ts'
import { COOLDOWN_MS, endingUnder, FAULTS, type Fault, isMeant, loadsUnder } from './faults.ts'
import { OPERATIONS, type Operation } from './operations.ts'
import { type Place, type Result, tryOut } from './trial.ts'

/** Trials at a time: a busy machine must not look like a slow server. */
const AT_A_TIME = 6
/** Repeats the trials in a deep run, to find rare errors. */
const TIMES = amount(1, 3)
/** The share of trials with faults that apply once: one in this many; all of them in a deep run. */
const SHARE = amount(6, 1)

/** One cell: an operation with a fault in its n-th request, or in all of them. */
interface Cell {
  readonly operation: Operation
  readonly nth: number | undefined
}

describe.each(WAYS)('Over rest $name, each operation under', ({ options: way }) => {
  const totals = { tried: 0, overdue: 0, unhandled: 0 }
  const countUnhandled = (): void => {
    totals.unhandled++
  }
  let server: FaultServer
  let dead: number

  beforeAll(async () => {
    server = await startFaultServer()
    dead = await deadPort()
    process.on('unhandledRejection', countUnhandled)
  })
  afterAll(async () => {
    await server.stop()
    process.off('unhandledRejection', countUnhandled)
  })

  async function tryCell(fault: Fault, { operation, nth }: Cell): Promise<Result> {
    const lane = server.lane()
    const plan = {
      strike: fault.strike,
      meant: (request: Parameters<typeof isMeant>[1]) => isMeant(fault.scope ?? 'all', request),
      nth,
    }
    const place: Place = {
      connect: (platform) => restTransport({ url: lane.url, token: TOKEN, platform, ...way }),
      around: lane.engine,
      strike: () => lane.follow(plan),
      lift: () => {
        lane.follow(undefined)
        return lane.settle()
      },
    }
    const result = await tryOut(place, operation, {
      loads: loadsUnder(operation, fault, nth),
      deadlineMs: fault.deadlineMs ?? 5_000,
      pauseMs: fault.pauseMs ?? COOLDOWN_MS,
    })
    await lane.close()
    return result
  }

  test.each(FAULTS)('$name', { timeout: 120_000 }, async (fault) => {
    const cells = cellsOf(fault)
    const endings: Record<string, string> = {}
    const expected: Record<string, string> = {}
    const wrongs: string[] = []
    await inTurns(cells, async (cell) => {
      const name = nameOf(cell)
      const result = await tryCell(fault, cell)
      totals.tried++
      if (result.overdue) totals.overdue++
      endings[name] = result.ending
      expected[name] = endingUnder(cell.operation, fault, cell.nth)
      wrongs.push(...result.wrongs.map((wrong) => `${name}: ${wrong}`))
    })

    expect(endings).toEqual(expected)
    expect(wrongs).toEqual([])
    await expect.poll(() => server.open, { timeout: 5_000 }).toBe(0)
  })

  test('a connection that is refused', { timeout: 120_000 }, async () => {
    const endings: Record<string, string> = {}
    const expected: Record<string, string> = {}
    const wrongs: string[] = []
    const fault: Fault = {
      name: 'refused',
      strike: () => undefined,
      tells: { reason: 'ECONNREFUSED', applied: 'no' },
    }
    for (const operation of OPERATIONS) {
      const lane = server.lane()
      let port = server.port
      const elsewhere: typeof fetch = (url, init) =>
        fetch(String(url).replace(`:${server.port}/`, `:${port}/`), init)
      const place: Place = {
        connect: (platform) =>
          restTransport({ url: lane.url, token: TOKEN, platform, fetch: elsewhere }),
        around: lane.engine,
        strike: () => {
          port = dead
        },
        lift: () => {
          port = server.port
        },
      }
      const { name } = operation
      const result = await tryOut(place, operation, {
        loads: loadsUnder(operation, fault),
        deadlineMs: 5_000,
        pauseMs: COOLDOWN_MS,
      })
      totals.tried++
      endings[name] = result.ending
      expected[name] = endingUnder(operation, fault)
      wrongs.push(...result.wrongs.map((wrong) => `${name}: ${wrong}`))
      await lane.close()
    }

    expect(endings).toEqual(expected)
    expect(wrongs).toEqual([])
  })

  test('all of these: nothing past its deadline, nothing unhandled', ({ task }) => {
    found(task, 'faults over rest', {
      tried: totals.tried,
      'operations past deadline': totals.overdue,
      'unhandled rejections': totals.unhandled,
    })

    expect(totals).toMatchObject({ overdue: 0, unhandled: 0 })
    expect(totals.tried).toBeGreaterThan(FAULTS.length * OPERATIONS.length)
  })
})

/** A permanent fault applies to every operation; a single one to each request of each operation. */
function cellsOf(fault: Fault): Cell[] {
  const always = OPERATIONS.map((operation) => ({ operation, nth: undefined }))
  const once = OPERATIONS.flatMap((operation) =>
    operation.sends.map((_, nth) => ({ operation, nth })),
  )
  // A different share for each fault, so that together they cover every request of every operation.
  const share = once.filter((_, i) => (i + FAULTS.indexOf(fault)) % SHARE === 0)
  // Faults without effect when permanent have none when they apply once.
  const cells = fault.tells === 'nothing' && !isDeep ? always : [...always, ...share]
  return Array.from({ length: TIMES }, () => cells).flat()
}

function nameOf({ operation: { name }, nth }: Cell): string {
  return nth === undefined ? name : `${name}, request ${nth + 1}`
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}
