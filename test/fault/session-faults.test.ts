import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { SessionUnavailableError } from '../../src/errors.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import { restTransport } from '../../src/redis/rest.ts'
import { SessionUserCache } from '../../src/session/index.ts'
import { found } from '../support/findings.ts'
import { everythingIn } from '../support/leaks.ts'
import { type FaultServer, startFaultServer, TOKEN } from './fault-server.ts'
import { endingUnder, FAULTS, type Fault, isMeant } from './faults.ts'
import {
  EMAIL,
  SESSION_OPERATIONS,
  type SessionOperation,
  type SessionSubject,
  USER_ID,
} from './session-operations.ts'
import { wrongsOf } from './trial.ts'
import { WatchedPlatform } from './watched-platform.ts'

const KEYS = [{ id: 'k1', secret: '11'.repeat(32) }]
const AT_A_TIME = 6
const SECOND: Readonly<Record<string, string>> = {
  destroySession: 'false',
  revokeOthers: '0',
  revokeAll: '0',
}
/** What a busy machine may add to a deadline. */
const MARGIN_MS = 2_000

interface Result {
  readonly ending: string
  readonly wrongs: readonly string[]
  readonly overdue: boolean
}

describe('Over rest, each operation on sessions under', () => {
  const totals = { tried: 0, overdue: 0, unhandled: 0 }
  const countUnhandled = (): void => {
    totals.unhandled++
  }
  let server: FaultServer

  beforeAll(async () => {
    server = await startFaultServer()
    process.on('unhandledRejection', countUnhandled)
  })
  afterAll(async () => {
    await server.stop()
    process.off('unhandledRejection', countUnhandled)
  })

  async function tryOut(fault: Fault, operation: SessionOperation): Promise<Result> {
    const lane = server.lane()
    const platform = new WatchedPlatform()
    const deadlineMs = fault.deadlineMs ?? 5_000
    const around = new SessionUserCache({ redis: lane.engine, keys: KEYS })
    const redis = restTransport({ url: lane.url, token: TOKEN, platform })
    const sessions = new SessionUserCache({ redis, platform, keys: KEYS, deadline: deadlineMs })
    const subject: SessionSubject = {
      sessions,
      token: await around.createSession(USER_ID, EMAIL, { data: { secret: USER_ID } }),
      pending: await around.createSession(USER_ID, EMAIL, { state: 'pending' }),
    }
    await around.trackActivity(USER_ID, 'was there')
    const usual = await usually(operation)
    const meant = (request: Parameters<typeof isMeant>[1]) => isMeant(fault.scope ?? 'all', request)
    lane.follow({ strike: fault.strike, meant, nth: undefined })

    const wrongs: string[] = []
    const startedAt = platform.now()
    const ending = await operation.run(subject).catch((error: unknown) => {
      wrongs.push(...leaksIn(error, subject))
      if (!(error instanceof SessionUnavailableError)) return `rejects: ${String(error)}`
      return `unavailable, applied: ${error.applied}`
    })
    const tookMs = platform.now() - startedAt
    await platform.settle()
    lane.follow(undefined)
    await lane.settle()

    const overdue = tookMs > operation.sends.length * deadlineMs + MARGIN_MS
    if (overdue) wrongs.push(`it took ${tookMs} ms`)
    wrongs.push(...(await wrongsLeft(around, operation, { ending, usual, token: subject.token })))
    // The circuit may stay open for a while; after that all must be as before.
    platform.skip(fault.pauseMs ?? 1_000)
    const after = await sessions.validate(subject.token).then(String, String)
    if (after !== '[object Object]') wrongs.push(`after it: ${after}`)
    platform.wake()
    await platform.settle()
    if (platform.pauses > 0) wrongs.push(`${platform.pauses} sessions could not be ended`)
    await redis.close()
    if (platform.timers > 0) wrongs.push(`${platform.timers} timers are left`)
    await lane.close()
    return { ending: ending === usual ? 'as ever' : ending, wrongs, overdue }
  }

  test.each(FAULTS)('$name', { timeout: 120_000 }, async (fault) => {
    const endings: Record<string, string> = {}
    const expected: Record<string, string> = {}
    const wrongs: string[] = []
    await inTurns(SESSION_OPERATIONS, async (operation) => {
      const { name } = operation
      const result = await tryOut(fault, operation)
      totals.tried++
      if (result.overdue) totals.overdue++
      endings[name] = result.ending
      expected[name] = expectedUnder(operation, fault, result.ending)
      wrongs.push(...result.wrongs.map((wrong) => `${name}: ${wrong}`))
    })

    expect(endings).toEqual(expected)
    expect(wrongs).toEqual([])
    await expect.poll(() => server.open, { timeout: 5_000 }).toBe(0)
  })

  test('all of these: nothing past its deadline, nothing unhandled', ({ task }) => {
    found(task, 'faults of sessions over rest', {
      tried: totals.tried,
      'operations past deadline': totals.overdue,
      'unhandled rejections': totals.unhandled,
    })

    expect(totals).toEqual({
      tried: FAULTS.length * SESSION_OPERATIONS.length,
      overdue: 0,
      unhandled: 0,
    })
  })
})

/** Fails closed: the usual result, or unavailable; never "there is no session". */
function expectedUnder(operation: SessionOperation, fault: Fault, ending: string): string {
  const { name, sends, takesNil } = operation
  const usual = { name, what: 'write', sends, usual: 'as ever' }
  const told = endingUnder(usual as unknown as Parameters<typeof endingUnder>[0], fault)
  // The second copy finds nothing to end, and its result counts.
  const isSecond = fault.name === 'a request that arrives twice'
  if (isSecond && SECOND[name] !== undefined) return SECOND[name]
  if (fault.scope === 'texts' && name === 'listSessions') return 'unavailable, applied: unknown'
  if (told === 'as ever') return told
  // Redis replies nil for a missing field.
  const leavesNil = fault.name === 'results that are null' || fault.scope === 'texts'
  if (takesNil && leavesNil) return 'as ever'
  // With several requests, `applied` depends on how many were sent.
  const applied = /applied: (?:no|unknown)$/.exec(told)?.[0] ?? ''
  return sends.length > 1 && ending.startsWith('unavailable') ? ending : `unavailable, ${applied}`
}

/** How an operation ends without faults. */
async function usually(operation: SessionOperation): Promise<string> {
  const known = usualEndings.get(operation.name)
  if (known !== undefined) return known
  const sessions = new SessionUserCache({ redis: embeddedTransport(), keys: KEYS })
  const token = await sessions.createSession(USER_ID, EMAIL, { data: { secret: USER_ID } })
  const pending = await sessions.createSession(USER_ID, EMAIL, { state: 'pending' })
  await sessions.trackActivity(USER_ID, 'was there')
  const ending = await operation.run({ sessions, token, pending })
  usualEndings.set(operation.name, ending)
  return ending
}
const usualEndings = new Map<string, string>()

function leaksIn(error: unknown, { token, pending }: SessionSubject): string[] {
  const told = everythingIn(error)
  const parts = [token, pending].flatMap((text) => [text, ...text.split('.').slice(2)])
  const leaks = parts.filter((part) => told.includes(part))
  return [...wrongsOf(error), ...leaks.map(() => 'an error tells a token')]
}

/** A confirmed revocation must be seen by every reader, and one that was certainly not applied by none. */
async function wrongsLeft(
  around: SessionUserCache,
  { sends, leavesSession = true }: SessionOperation,
  { ending, usual, token }: { ending: string; usual: string; token: string },
): Promise<string[]> {
  const isAlive = (await around.validate(token)).ok
  const isDone = ending === usual || ending === SECOND['destroySession'] || ending === '0'
  if (isDone && isAlive !== leavesSession) return [`done, and the session is ${isAlive}`]
  if (leavesSession && !isAlive) return ['the session is gone']
  const untouched = sends.length === 1 && ending.endsWith('applied: no')
  return untouched && !isAlive ? ['not applied, and the session is gone'] : []
}

async function inTurns<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items]
  const worker = async (): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) await work(next)
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, worker))
}
