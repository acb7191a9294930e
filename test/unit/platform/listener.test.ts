import { describe, expect, test, vi } from 'vitest'
import { callListener } from '../../../src/platform/listener.ts'

describe('callListener', () => {
  test('passes the arguments on', () => {
    const listener = vi.fn()

    callListener(listener, ['a', 1])

    expect(listener).toHaveBeenCalledExactlyOnceWith('a', 1)
  })

  test.each<readonly [string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('no')
      },
    ],
    ['rejects', async () => Promise.reject(new Error('no'))],
  ])('reports a listener that %s, once', async (_how, listener) => {
    const failed = vi.fn()

    callListener(listener, [], failed)
    callListener(listener, []) // without a report: neither throws nor leaves a rejection unhandled

    await vi.waitFor(() => expect(failed).toHaveBeenCalledTimes(1))
  })

  test('reports nothing for a promise that resolves', async () => {
    const failed = vi.fn()
    const done = Promise.resolve()

    callListener(() => done, [], failed)
    await done
    await Promise.resolve()

    expect(failed).not.toHaveBeenCalled()
  })
})
