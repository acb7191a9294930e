import { beforeEach, describe, expect, test } from 'vitest'
import { CircuitOpenError, InvalidOptionError } from '../../../src/errors.ts'
import { CircuitBreaker, type CircuitState } from '../../../src/flight/breaker.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'

const outage = new Error('remote is down')
const fail = (): Promise<never> => Promise.reject(outage)
const succeed = (): Promise<string> => Promise.resolve('value')

describe('CircuitBreaker', () => {
  let platform: ManualPlatform
  let breaker: CircuitBreaker
  let changes: CircuitState[]

  beforeEach(() => {
    platform = new ManualPlatform()
    changes = []
    breaker = new CircuitBreaker(platform, {
      threshold: 2,
      cooldownMs: 1_000,
      onChange: (state) => changes.push(state),
    })
  })

  async function open(): Promise<void> {
    for (let i = 0; i < 2; i++) await expect(breaker.run(fail)).rejects.toBe(outage)
  }

  test('passes the result and the error of the task through unchanged', async () => {
    await expect(breaker.run(succeed)).resolves.toBe('value')
    await expect(breaker.run(fail)).rejects.toBe(outage)
    expect(breaker.state).toBe('closed')
  })

  test('a success between failures resets the count', async () => {
    await expect(breaker.run(fail)).rejects.toBe(outage)
    await breaker.run(succeed)
    await expect(breaker.run(fail)).rejects.toBe(outage)

    await expect(breaker.run(succeed)).resolves.toBe('value')
  })

  test('after the threshold, refuses without calling the task and says when to retry', async () => {
    await open()
    await platform.advance(400)

    const refused = breaker.run(() => expect.unreachable('the task must not run'))

    await expect(refused).rejects.toSatisfy(
      (error) => error instanceof CircuitOpenError && error.retryAfterMs === 600,
    )
  })

  test('a refusal has the failure that opened the circuit as its cause', async () => {
    await open()
    await expect(breaker.run(succeed)).rejects.toMatchObject({ cause: outage })

    await platform.advance(1_000)
    const later = new Error('remote is down for another reason')
    const { promise, reject } = Promise.withResolvers<string>()
    const probe = breaker.run(() => promise)
    await expect(breaker.run(succeed)).rejects.toMatchObject({ cause: outage })
    reject(later)
    await expect(probe).rejects.toBe(later)

    await expect(breaker.run(succeed)).rejects.toMatchObject({ cause: later })
  })

  test('after the cooldown, admits one probe and refuses concurrent calls', async () => {
    await open()
    await platform.advance(1_000)

    const probe = breaker.run(succeed)
    expect(breaker.state).toBe('half-open')
    await expect(breaker.run(succeed)).rejects.toMatchObject({ retryAfterMs: 0 })
    await expect(probe).resolves.toBe('value')

    await expect(breaker.run(succeed)).resolves.toBe('value')
  })

  test('admits another probe after `probeMs` if the first never settles', async () => {
    breaker = new CircuitBreaker(platform, { threshold: 2, cooldownMs: 1_000, probeMs: 3_000 })
    await open()
    await platform.advance(1_000)
    void breaker.run(() => new Promise(() => undefined))

    await platform.advance(2_999)
    await expect(breaker.run(succeed)).rejects.toMatchObject({ retryAfterMs: 0 })
    await platform.advance(1)
    await expect(breaker.run(succeed)).resolves.toBe('value')

    expect(breaker.state).toBe('closed')
  })

  test('setting the clock back does not keep the circuit open for longer', async () => {
    await open()
    platform.jump(-3_600_000)

    await expect(breaker.run(succeed)).resolves.toBe('value')
    expect(breaker.state).toBe('closed')
  })

  test('a failed probe opens the circuit for a full cooldown again', async () => {
    await open()
    await platform.advance(1_000)
    await expect(breaker.run(fail)).rejects.toBe(outage)

    await platform.advance(999)
    await expect(breaker.run(succeed)).rejects.toThrow(CircuitOpenError)
    await platform.advance(1)
    await expect(breaker.run(succeed)).resolves.toBe('value')
  })

  test('a call begun before the outage neither closes the circuit nor prolongs the cooldown', async () => {
    const stragglers = [Promise.withResolvers<string>(), Promise.withResolvers<string>()]
    const slow = stragglers.map(({ promise }) => breaker.run(() => promise))
    await open()

    stragglers[0]?.resolve('late')
    await slow[0]
    await expect(breaker.run(succeed)).rejects.toThrow(CircuitOpenError)

    await platform.advance(900)
    stragglers[1]?.reject(outage)
    await expect(slow[1]).rejects.toBe(outage)
    await platform.advance(100)
    await expect(breaker.run(succeed)).resolves.toBe('value')
  })

  test('an earlier call that fails during the probe does not end the probe', async () => {
    const straggler = Promise.withResolvers<string>()
    const slow = breaker.run(() => straggler.promise)
    await open()
    await platform.advance(1_000)
    const held = Promise.withResolvers<string>()
    const probe = breaker.run(() => held.promise)

    straggler.reject(outage)
    await expect(slow).rejects.toBe(outage)
    await expect(breaker.run(succeed)).rejects.toThrow(CircuitOpenError)
    held.resolve('value')
    await probe

    expect(breaker.state).toBe('closed')
  })

  describe('with failures that ask for a pause', () => {
    const askFor = (ms: number | undefined): void => {
      breaker = new CircuitBreaker(platform, {
        threshold: 2,
        cooldownMs: 1_000,
        pauseMs: (error) => (error === outage ? ms : undefined),
      })
    }

    test('the first one opens the circuit for the requested pause', async () => {
      askFor(5_000)
      await expect(breaker.run(fail)).rejects.toBe(outage)

      await expect(breaker.run(succeed)).rejects.toMatchObject({ retryAfterMs: 5_000 })
      await platform.advance(5_000)
      await expect(breaker.run(succeed)).resolves.toBe('value')
    })

    test('a pause shorter than the cooldown is extended to the cooldown', async () => {
      askFor(0)
      await expect(breaker.run(fail)).rejects.toBe(outage)

      await expect(breaker.run(succeed)).rejects.toMatchObject({ retryAfterMs: 1_000 })
    })

    test('a pause requested by the probe starts anew; one of an earlier call is ignored', async () => {
      askFor(5_000)
      const straggler = Promise.withResolvers<string>()
      const slow = breaker.run(() => straggler.promise)
      await expect(breaker.run(fail)).rejects.toBe(outage)
      await platform.advance(4_000)
      straggler.reject(outage)
      await expect(slow).rejects.toBe(outage)
      await platform.advance(1_000)
      await expect(breaker.run(fail)).rejects.toBe(outage)

      await expect(breaker.run(succeed)).rejects.toMatchObject({ retryAfterMs: 5_000 })
    })

    test('a failure without a pause counts towards the threshold', async () => {
      askFor(undefined)
      await expect(breaker.run(fail)).rejects.toBe(outage)

      await expect(breaker.run(succeed)).resolves.toBe('value')
    })
  })

  test('reports each change of state once', async () => {
    await open()
    await platform.advance(1_000)
    await expect(breaker.run(fail)).rejects.toBe(outage)
    await platform.advance(1_000)
    await breaker.run(succeed)
    await breaker.run(succeed)

    expect(changes).toEqual(['open', 'half-open', 'open', 'half-open', 'closed'])
  })

  test.each([
    ['breaker.threshold', { threshold: 0 }],
    ['breaker.threshold', { threshold: 1.5 }],
    ['breaker.cooldownMs', { cooldownMs: 0 }],
    ['breaker.cooldownMs', { cooldownMs: Number.NaN }],
    ['breaker.cooldownMs', { cooldownMs: Number.POSITIVE_INFINITY }],
  ])('rejects a bad %s', (option, options) => {
    expect(() => new CircuitBreaker(platform, options)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })
})
