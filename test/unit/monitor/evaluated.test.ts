import { afterEach, expect, test, vi } from 'vitest'

afterEach(() => vi.restoreAllMocks())

test.each(['Metrics', 'HotKeys'] as const)(
  '%s can be made while a module is evaluated, where Workers forbid randomness',
  async (name) => {
    // What was drawn for others would be used up first.
    vi.resetModules()
    const draw = vi.spyOn(crypto, 'getRandomValues')
    const { RedisCacheManager } = await import('../../../src/index.ts')
    const { embeddedTransport } = await import('../../../src/redis/embedded/index.ts')
    const { HotKeys, Metrics } = await import('../../../src/monitor/index.ts')
    const cache = new RedisCacheManager({ redis: embeddedTransport() })

    const made = name === 'Metrics' ? new Metrics({ cache, sinks: [] }) : new HotKeys({ cache })

    expect(draw).not.toHaveBeenCalled()
    await made.stop()
  },
)
