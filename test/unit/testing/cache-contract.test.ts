import { describe, expect, test } from 'vitest'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { Command, RedisRequest, Transport } from '../../../src/redis/requester.ts'
import { COMMIT } from '../../../src/redis/scripts/protocol.ts'
import { chaosTransport } from '../../../src/testing/chaos-transport.ts'
import { cacheContract } from '../../../src/testing/contract/cache-contract.ts'
import type { MakeTransport } from '../../../src/testing/contract/contract-case.ts'
import { commandsOf, wrapTransport } from '../../../src/testing/wrap.ts'
import { found } from '../../support/findings.ts'

type Send = (request: RedisRequest) => Promise<unknown>

/** The embedded transport with a fault in the connection to it. */
function broken(make: (inner: Transport) => Send): MakeTransport {
  return () => {
    const inner = embeddedTransport()
    return wrapTransport(inner, make(inner) as Transport['request'], {})
  }
}

const nameOf = (request: RedisRequest): unknown => commandsOf(request)[0]?.[0]

/** Repeats earlier answers, like a caching proxy. */
const storing = broken((inner) => {
  const answers = new Map<string, unknown>()
  return async (request) => {
    if (nameOf(request) !== 'MGET') return inner.request(request)
    const id = JSON.stringify(request.body)
    if (!answers.has(id)) answers.set(id, await inner.request(request))
    return answers.get(id)
  }
})

/** Confirms a delete before it has happened. */
const hasty = broken((inner) => async (request) => {
  if (nameOf(request) !== 'DEL') return inner.request(request)
  setTimeout(() => void inner.request(request).catch(() => undefined), 20)
  return { result: 1 }
})

/** Never deletes. */
const keeping = broken(
  (inner) => async (request) =>
    nameOf(request) === 'DEL' ? { result: 1 } : inner.request(request),
)

/** Stores without checking the lease. */
const careless = broken((inner) => async (request) => {
  const [command] = commandsOf(request) as [Command]
  if (command[0] !== 'EVALSHA' || command[1] !== COMMIT.sha1) return inner.request(request)
  const [entry, , , value = '', life = 1] = command.slice(3)
  await inner.request({ body: ['SET', entry, value, 'PX', life] })
  return { result: 1 }
})

/** Restores markers that Redis has lost. */
const remembering = broken((inner) => {
  const texts = new Map<unknown, unknown>()
  return async (request) => {
    const answer = await inner.request<unknown[]>(request)
    if (nameOf(request) !== 'MGET' || !answer.result) return answer
    const keys = (request.body as string[]).slice(1)
    return {
      result: answer.result.map((text, i) => {
        if (!keys[i]?.includes(':t:')) return text
        if (text !== null) texts.set(keys[i], text)
        return texts.get(keys[i]) ?? null
      }),
    }
  }
})

/** Applies each request again while the next one is answered. */
const repeating = broken((inner) => {
  let last: RedisRequest | undefined
  return async (request) => {
    const again = last
    last = { path: request.path ?? [], body: request.body }
    if (again) await inner.request(again)
    return inner.request(request)
  }
})

const FAULTS: readonly (readonly [fault: string, make: MakeTransport, clause: string])[] = [
  ['stores answers to reads', storing, 'after delete of a warm key'],
  ['answers deletions before they are applied', hasty, 'while a load runs'],
  ['does not delete', keeping, 'after invalidateTags of a warm key'],
  [
    'stores without comparing the lease',
    careless,
    'calls delete: the loaded value is never served',
  ],
  ['remembers markers that were lost', remembering, 'whose marker is lost'],
]

/** Time limit of clauses that hold, on a machine that stalls. */
const PATIENT_MS = 15_000

/** The clauses that fail; one that hangs takes the given time. */
async function broke(make: MakeTransport, timeoutMs = 3_000): Promise<string[]> {
  const cases = cacheContract(make, { timeoutMs })
  const results = await Promise.allSettled(cases.map(({ run }) => run()))
  return cases.filter((_, i) => results[i]?.status === 'rejected').map(({ name }) => name)
}

describe('the contract of a cache', () => {
  test.each(FAULTS)('notices a transport that %s', async (_fault, make, clause) => {
    expect(await broke(make)).toContainEqual(expect.stringContaining(clause))
  })

  test('holds on a transport that applies requests twice, at once or after the next request', async ({
    task,
  }) => {
    const seeds = [1, 2, 3]
    const copying = seeds.map((seed): MakeTransport => {
      return () => chaosTransport(embeddedTransport(), { seed, faults: { duplicate: 0.5 } })
    })
    const violations = await Promise.all(
      [repeating, ...copying].map((make) => broke(make, PATIENT_MS)),
    )
    found(task, 'cache contract under copies', {
      run: cacheContract(repeating).length * violations.length,
      violations: violations.flat().length,
    })

    expect(violations.flat()).toEqual([])
  })

  test('leaves no loader waiting after a case that fails', async () => {
    const waiting = (): number =>
      process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = waiting()
    for (const good of [2, 3, 4, 5]) {
      const failing = broken((inner) => {
        let requests = 0
        return async (request) => {
          if (++requests > good) throw new Error('away')
          return inner.request(request)
        }
      })
      expect((await broke(failing)).length).toBeGreaterThan(20)
    }

    // A waiting loader has a timer of ten seconds. The poll has some of its own.
    await expect.poll(waiting, { timeout: 4_000 }).toBeLessThan(before + 5)
  })

  test('has a different name for each case', () => {
    const names = cacheContract(() => embeddedTransport()).map(({ name }) => name)

    expect(new Set(names).size).toBe(names.length)
    expect(names.length).toBeGreaterThan(50)
  })
})
