import { describe, expect, test } from 'vitest'
import { wayTo } from '../../../src/cli/commands/doctor.ts'
import type { Finding, Patient } from '../../../src/cli/doctor/check.ts'
import { examine } from '../../../src/cli/doctor/examine.ts'
import { SERVER_CHECKS } from '../../../src/cli/doctor/server.ts'
import { RemoteError } from '../../../src/errors.ts'
import { embeddedTransport } from '../../../src/redis/embedded/index.ts'
import type { RedisRequest, Requester } from '../../../src/redis/requester.ts'
import { readEnvironment } from '../../../src/startup/environment.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const platform = new ManualPlatform()
const WAY = { isEncrypted: true, isLocal: false }

/** A Redis that answers some commands differently. */
function redisWith(
  answers: Readonly<Record<string, (body: readonly unknown[]) => unknown>> = {},
): Requester {
  const engine = embeddedTransport({ platform })
  return {
    request: async <Result>(request: RedisRequest) => {
      const body = request.body as readonly unknown[]
      const answer = answers[String(body[0])]
      return answer ? ((await answer(body)) as { result: Result }) : engine.request<Result>(request)
    },
  }
}

async function findings(
  requester: Requester,
  given: Partial<Patient> = {},
): Promise<ReadonlyMap<string, Finding>> {
  const patient = {
    ...{ requester, kind: 'rest', isCluster: false, platform, prefix: 'nc', way: WAY },
    deadlineMs: 1_000,
  }
  const all = await examine({ ...patient, elapsed: () => platform.now(), ...given })
  return new Map(all.map((one) => [one.id, one]))
}

describe('the doctor', () => {
  test('finds no problem in a healthy Redis, and leaves no key', async () => {
    const redis = embeddedTransport({ platform })
    const found = await findings(redis)

    expect([...found.values()].filter(({ grade }) => grade === 'fail')).toEqual([])
    expect([...found.keys()]).toEqual([
      ...[
        'connection',
        'encryption',
        'round-trip',
        'clock',
        'rights',
        'scripts',
        'version',
        'role',
      ],
      ...['memory', 'eviction', 'evicted', 'persistence', 'old-keys'],
    ])
    expect(await redis.request({ path: [], body: ['DBSIZE'] })).toEqual({ result: 0 })
  })

  test('says why there is no answer, and makes no further check', async () => {
    const refused = new RemoteError({ operation: 'PING', reason: 'ECONNREFUSED', applied: 'no' })
    const found = await findings({ request: () => Promise.reject(refused) })

    expect([...found.values()]).toEqual([
      {
        id: 'connection',
        grade: 'fail',
        evidence: 'Redis does not answer: ECONNREFUSED',
        advice: expect.stringContaining('check host, port, TLS'),
      },
    ])
  })

  test.each([
    ['NOAUTH Authentication required.', 'Redis refuses: NOAUTH'],
    ['WRONGPASS invalid username-password pair', 'Redis refuses: WRONGPASS'],
  ])('takes "%s" for a wrong password', async (error, evidence) => {
    const found = await findings(redisWith({ PING: () => ({ error }) }))

    expect(found.get('connection')).toMatchObject({ grade: 'fail', evidence })
    expect(found.size).toBe(1)
  })

  test.each([
    ['LOADING Redis is loading the dataset in memory', 'wait'],
    ['BUSY Redis is busy running a script.', 'SCRIPT KILL'],
    ['MISCONF Redis is configured to save RDB snapshots', 'disk'],
    ["MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.", 'primary'],
    ["ERR unknown command 'PIPELINE', with args beginning with: '[\"PING\"]' ", 'path'],
  ])('"%s" is no matter of passwords, nor of the way', async (error, advice) => {
    const [reason = ''] = error.split(' ')
    const failure = new RemoteError({ operation: 'PING', reason, applied: 'no' })
    for (const redis of [
      redisWith({ PING: () => ({ error }) }),
      { request: () => Promise.reject(failure) },
    ]) {
      const found = (await findings(redis)).get('connection')

      expect(found).toMatchObject({ grade: 'fail', advice: expect.stringContaining(advice) })
      expect(found?.advice).not.toMatch(/password|TLS/)
    }
  })

  test.each([
    ['not JSON', /login.*proxy.*address/],
    ['redirected', /login.*proxy.*address/],
    ['no such database', /REDIS_DB/],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/],
    ['ERR_TLS_CERT_ALTNAME_INVALID', /other host names/],
  ])('where there is no answer for "%s", it says what to do about that', async (reason, advice) => {
    const failure = new RemoteError({ operation: 'PING', reason, applied: 'no' })

    const found = await findings({ request: () => Promise.reject(failure) })

    expect(found.get('connection')?.advice).toMatch(advice)
  })

  test('a user without the right to ask is not told to check its password', async () => {
    const error = "NOPERM this user has no permissions to run the 'ping' command"
    const found = await findings(redisWith({ PING: () => ({ error }) }))

    expect(found.get('connection')?.advice).toMatch(/permissions/)
  })

  test.each([
    ["READONLY You can't write against a read only replica.", /primary/],
    ["OOM command not allowed when used memory > 'maxmemory'.", /memory is full/],
  ])('writes that are refused by "%s" are no matter of rights', async (error, advice) => {
    const refuse = () => ({ error })
    const found = await findings(redisWith({ SET: refuse, EVALSHA: refuse }))

    for (const id of ['rights', 'scripts']) {
      expect(found.get(id)).toMatchObject({
        grade: 'fail',
        advice: expect.stringMatching(advice),
      })
    }
  })

  test.each([
    ['ECONNREFUSED', /CLUSTER NODES/],
    ['NOMASTERLINK', /node of the cluster is down/],
  ])('of a cluster it may be one node that gives no answer: %s', async (reason, advice) => {
    const failure = new RemoteError({ operation: 'INFO', reason, applied: 'no' })

    const found = await findings({ request: () => Promise.reject(failure) }, { isCluster: true })

    expect(found.get('connection')).toMatchObject({
      evidence: `Redis, or a node of the cluster, does not answer: ${reason}`,
      advice: expect.stringMatching(advice),
    })
  })

  test('reports a Redis that is not a node of a cluster', async () => {
    const failure = new RemoteError({ operation: 'PING', reason: 'ERR', applied: 'no' })

    const found = await findings({ request: () => Promise.reject(failure) }, { isCluster: true })

    expect(found.get('connection')).toMatchObject({ advice: 'leave out --cluster' })
  })

  test('a token that may not write is a failure, one that may not read figures a warning', async () => {
    const refuse = () => ({ error: 'NOPERM this user has no permissions' })
    const readOnly = await findings(redisWith({ SET: refuse, DEL: refuse, EVALSHA: refuse }))
    const blind = await findings(redisWith({ INFO: refuse, TIME: refuse }))

    expect(readOnly.get('rights')).toMatchObject({
      grade: 'fail',
      evidence: 'refused: SET (every write), DEL (delete, invalidation)',
    })
    expect(readOnly.get('scripts')).toMatchObject({ grade: 'fail' })
    expect(blind.get('rights')).toMatchObject({ grade: 'warn' })
    expect(blind.get('clock')).toMatchObject({ grade: 'unknown' })
    expect(blind.get('version')).toMatchObject({ grade: 'unknown' })
  })

  test('reports a single node of a cluster, whichever keys it holds', async () => {
    const crossing = ([, ...keys]: readonly unknown[]): unknown =>
      keys.length > 1
        ? { error: "CROSSSLOT Keys in request don't hash to the same slot" }
        : { result: [null] }
    const moved = () => ({ error: 'MOVED 3999 127.0.0.1:7002' })
    const own = await findings(redisWith({ MGET: crossing }))
    const foreign = await findings(redisWith({ SET: moved, EVALSHA: moved }))

    const told = { grade: 'fail', evidence: expect.stringContaining('one node of a cluster') }
    expect(own.get('rights')).toMatchObject(told)
    expect(foreign.get('rights')).toMatchObject(told)
    expect(foreign.get('scripts')).toMatchObject(told)
  })

  test('a host that refuses the time within scripts fails', async () => {
    const found = await findings(
      redisWith({ EVALSHA: () => ({ error: 'ERR Write commands not allowed after TIME' }) }),
    )

    expect(found.get('scripts')).toMatchObject({
      grade: 'fail',
      evidence: 'the scripts of the cache do not run: ERR',
    })
  })

  test.each([
    [2, 'ok'],
    [40, 'warn'],
    [250, 'fail'],
  ])('a round trip of %i ms is %s', async (ms, grade) => {
    const found = await findings(
      redisWith({
        PING: async () => {
          await platform.advance(ms)
          return { result: 'PONG' }
        },
      }),
    )

    expect(found.get('round-trip')).toMatchObject({ grade })
  })

  test.each([
    [0, 'ok', /^Redis is 0 ms ahead of/],
    [-900, 'ok', /^Redis is 900 ms behind/],
    [5_000, 'warn', /^Redis is 5000 ms ahead of/],
  ])('a clock that is %i ms ahead is %s', async (skew, grade, evidence) => {
    const at = (): unknown => {
      const ms = platform.now() + skew
      return { result: [`${Math.floor(ms / 1_000)}`, `${(ms % 1_000) * 1_000}`] }
    }
    const found = await findings(redisWith({ TIME: at }))

    expect(found.get('clock')).toMatchObject({ grade, evidence: expect.stringMatching(evidence) })
  })

  test.each<[info: Record<string, string>, id: string, grade: string]>([
    [{ redis_version: '7.2.4' }, 'version', 'ok'],
    [{ redis_version: '5.0.14' }, 'version', 'fail'],
    [{ role: 'slave' }, 'role', 'fail'],
    [{ used_memory: '10', maxmemory: '0' }, 'memory', 'warn'],
    [{ used_memory: '10', maxmemory: '100' }, 'memory', 'ok'],
    [{ used_memory: '90', maxmemory: '100' }, 'memory', 'warn'],
    [{ used_memory: '99', maxmemory: '100' }, 'memory', 'fail'],
    [{ maxmemory_policy: 'allkeys-lru' }, 'eviction', 'ok'],
    [{ maxmemory_policy: 'noeviction', maxmemory: '100' }, 'eviction', 'warn'],
    [{ evicted_keys: '0' }, 'evicted', 'ok'],
    [{ evicted_keys: '12' }, 'evicted', 'warn'],
    [{ aof_enabled: '1', aof_last_write_status: 'ok' }, 'persistence', 'ok'],
    [{ aof_enabled: '1', aof_last_write_status: 'err' }, 'persistence', 'fail'],
    [{ aof_enabled: '0', rdb_last_bgsave_status: 'err' }, 'persistence', 'fail'],
    [{ aof_enabled: '0', rdb_last_bgsave_status: 'ok' }, 'persistence', 'ok'],
    [{}, 'persistence', 'unknown'],
  ])('%j makes %s %s', (info, id, grade) => {
    const found = SERVER_CHECKS.map((check) => check({ info: new Map(Object.entries(info)) }))
    const one = found.find((finding) => finding.id === id)

    expect(one).toMatchObject({ grade })
    expect(one?.advice === null).toBe(grade === 'ok' || grade === 'unknown')
  })

  test('warns of a connection without TLS that leaves the machine', async () => {
    const redis = redisWith()
    const open = { isEncrypted: false, isLocal: false }

    expect((await findings(redis, { way: open })).get('encryption')).toMatchObject({
      grade: 'warn',
    })
    expect(
      (await findings(redis, { way: { ...open, isLocal: true } })).get('encryption'),
    ).toMatchObject({ grade: 'ok' })
  })

  test.each([
    ['redis://localhost:6379', { isEncrypted: false, isLocal: true }],
    ['rediss://example.com', { isEncrypted: true, isLocal: false }],
    ['redis://[::1]:6379', { isEncrypted: false, isLocal: true }],
    ['redis://127.example.com', { isEncrypted: false, isLocal: false }],
  ])('knows where %s leads', (url, way) => {
    expect(wayTo(readEnvironment({ REDIS_URL: url }))).toEqual(way)
  })
})
