/**
 * One process of a session history. It opens, uses and ends sessions, its own and those of others,
 * through a transport that loses, repeats and delays requests.
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import { SessionRefusedError, SessionUnavailableError } from '../../../src/errors.ts'
import { webPlatform } from '../../../src/platform/web.ts'
import type { RedisRequest, RedisResponse, Transport } from '../../../src/redis/requester.ts'
import { END, REVOKE } from '../../../src/redis/scripts/session.ts'
import { tcpTransport } from '../../../src/redis/tcp/index.ts'
import { SessionUserCache } from '../../../src/session/index.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { draw } from '../../../src/testing/draw.ts'
import { type Entry, type Known, type Message, monotonic, type Plan } from './events.ts'

const LOOPS = 6
const KEYS = [{ id: 'k1', secret: '11'.repeat(32) }]
const MAX_KNOWN = 60

const plan = JSON.parse(process.argv[2] ?? '') as Plan
const { seed, users, mutant, clockOffsetMs } = plan
const tell = (message: Message): void => void process.send?.(message)

const tcp = tcpTransport({ url: plan.url })
const chaos = chaosTransport(mutant === undefined ? tcp : dropping(tcp), {
  seed,
  latencyMs: [0, 20],
  faults: {
    ...{ fail: 0.02, loseReply: 0.03, duplicate: 0.03, lateDuplicate: 0.03, hang: 0.005 },
    ...{ malformed: 0.01, latency: 0.2 },
  },
})
const sessions = new SessionUserCache({
  redis: chaos,
  keys: KEYS,
  platform: {
    ...webPlatform(),
    now: () => Math.floor(performance.timeOrigin + performance.now()) + clockOffsetMs,
  },
  deadline: '1s',
  breaker: { cooldownMs: 50, threshold: 50 },
  fastPath: plan.fastPathMs,
  clockSkew: plan.skewMs,
  overlap: plan.overlapMs,
})
const known: Known[] = []
const entries: Entry[] = []
let turn = 0

/** A whole number below `count`. */
function dice(count: number): number {
  return Math.floor(draw(seed, 'dice', turn++) * count)
}

/** Answers calls that end sessions without ending them. */
function dropping(inner: Transport): Transport {
  const dropped = mutant === 'drops END' ? END : REVOKE
  const answer = mutant === 'drops END' ? 1 : ['ok', 'hard', []]
  return {
    kind: inner.kind,
    close: () => inner.close(),
    async request<Result>(request: RedisRequest): Promise<RedisResponse<Result>> {
      const [name, sha1] = request.body as [string, string]
      if (name !== 'EVALSHA' || sha1 !== dropped.sha1) return inner.request<Result>(request)
      return { result: answer as Result }
    },
  }
}

function learn(one: Known): void {
  known.push(one)
  if (known.length > MAX_KNOWN) known.splice(dice(known.length), 1)
}

/** Runs an operation and records it. `run` returns whether it succeeded. */
async function note(
  about: Pick<Entry, 'op' | 'user' | 'id' | 'token'>,
  run: () => Promise<boolean>,
): Promise<void> {
  const startedAt = monotonic()
  let ok: boolean | undefined
  try {
    ok = await run()
  } catch (error) {
    if (error instanceof SessionRefusedError) ok = false
    else if (!(error instanceof SessionUnavailableError)) throw error
  }
  entries.push({ ...about, startedAt, endedAt: monotonic(), ok })
}

async function create(): Promise<void> {
  const user = `user-${dice(users)}`
  const startedAt = monotonic()
  try {
    const { token, session } = await sessions.openSession(user, `${user}@example.com`)
    const about = { user, id: session.id, token }
    entries.push({ op: 'create', ...about, startedAt, endedAt: monotonic(), ok: true })
    tell({ kind: 'known', known: about })
  } catch (error) {
    // Refused, because the session was revoked between the first copy of the request and the answered one.
    const isExpected =
      error instanceof SessionUnavailableError || error instanceof SessionRefusedError
    if (!isExpected) throw error
  }
}

async function validate(one: Known): Promise<void> {
  const { token } = one
  await note({ op: 'validate', ...one }, async () => {
    const validation = await sessions.validate(token)
    if (validation.ok && dice(3) === 0) {
      const fast = await sessions.issueFastPath(token, validation.session)
      if (fast !== undefined) tell({ kind: 'known', known: { ...one, fast } })
    }
    return validation.ok
  })
}

async function rotate(one: Known): Promise<void> {
  await note({ op: 'rotate', ...one }, async () => {
    const { token } = await sessions.rotate(one.token)
    const { user, id } = one
    if (token !== one.token) tell({ kind: 'known', known: { user, id, token } })
    return true
  })
}

/** Mostly validations; few calls that end sessions. */
async function act(): Promise<void> {
  const one = known[dice(known.length)]
  const chance = dice(100)
  if (one === undefined || chance < 12) return create()
  const { user, id, token, fast } = one
  if (fast !== undefined && chance < 60) {
    const verify = async (): Promise<boolean> =>
      (await sessions.verifyFastPath(token, fast)) !== undefined
    return note({ op: 'fast path', user, id, token }, verify)
  }
  if (chance < 80) return validate(one)
  if (chance < 85) return rotate(one)
  if (chance < 90) {
    const update = async () => (await sessions.updateSession(token, { at: chance })) !== undefined
    return note({ op: 'update', user, id, token }, update)
  }
  if (chance < 94) {
    // If there was no session, the result is the same: it has ended when this returns.
    return note({ op: 'destroy', user, id, token }, () => sessions.destroySession(token))
  }
  if (chance < 97) {
    const revoke = async () => (await sessions.revokeSession(user, id)) || true
    return note({ op: 'revokeSession', user, id }, revoke)
  }
  if (chance < 98) {
    const revoke = async () => (await sessions.revokeOthers(token)) >= 0
    return note({ op: 'revokeOthers', user, id, token }, revoke)
  }
  const revokeAll = async () => (await sessions.revokeAll(user)) >= 0
  return note({ op: 'revokeAll', user }, revokeAll)
}

process.on('message', (message: Message) => {
  if (message.kind === 'known') learn(message.known)
})
process.on('disconnect', () => process.exit(0))

await tcp.request({ path: [], body: ['PING'] })
tell({ kind: 'ready' })
const until = monotonic() + plan.durationMs
await Promise.all(
  Array.from({ length: LOOPS }, async () => {
    while (monotonic() < until) {
      await act()
      await delay(1)
      if (entries.length >= 200) tell({ kind: 'entries', entries: entries.splice(0) })
    }
  }),
)
tell({ kind: 'entries', entries })
const counts: Record<string, number> = chaos.chaos.counts
tell({ kind: 'over', injected: Object.values(counts).reduce((sum, count) => sum + count, 0) })
