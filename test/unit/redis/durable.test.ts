import { beforeEach, describe, expect, test } from 'vitest'
import { ClosedError, InvalidOptionError } from '../../../src/errors.ts'
import {
  type DurableNamespaceLike,
  type DurableStub,
  durableTransport,
} from '../../../src/redis/durable/index.ts'
import { everythingIn } from '../../support/leaks.ts'

describe('durableTransport', () => {
  let made: { id: unknown; options: unknown }[]
  let execute: DurableStub['execute']
  const namespace: DurableNamespaceLike = {
    idFromName: (name) => `id of ${name}`,
    get(id, options) {
      made.push({ id, options })
      return { execute: (path, body) => execute(path, body) }
    },
  }

  beforeEach(() => {
    made = []
    execute = async (path, body) => ({ result: [path, body] })
  })

  test('passes path and body to the object, and returns its answer', async () => {
    const transport = durableTransport({ namespace })

    expect(await transport.request({ body: ['GET', 'k'] })).toEqual({ result: [[], ['GET', 'k']] })
    expect(transport.kind).toBe('durable')
  })

  test('creates a stub for each request, for the object with the given name and location', async () => {
    const transport = durableTransport({ namespace, name: 'eu', locationHint: 'weur' })
    await transport.request({ body: ['PING'] })
    await transport.request({ body: ['PING'] })

    const one = { id: 'id of eu', options: { locationHint: 'weur' } }
    expect(made).toEqual([one, one])
  })

  test.each([
    [{ overloaded: true, retryable: true, remote: true }, 'overloaded', false],
    [{ retryable: true, remote: true }, 'network', true],
    [{ retryable: true }, 'network', true],
    [{}, 'network', true],
    [{ remote: true }, 'exception', false],
  ])('maps an error with the flags %j', async (flags, reason, retryable) => {
    execute = () => Promise.reject(Object.assign(new Error('about SENTINEL'), flags))

    const error = await durableTransport({ namespace })
      .request({ body: ['GET', 'SENTINEL'] })
      .catch((thrown: unknown) => thrown)

    expect(error).toMatchObject({ operation: 'GET', reason, retryable, applied: 'unknown' })
    expect(everythingIn(error)).not.toContain('SENTINEL')
  })

  test('maps an error thrown while the stub is created', async () => {
    const broken: DurableNamespaceLike = {
      ...namespace,
      get() {
        throw new TypeError('of the binding')
      },
    }

    const request = durableTransport({ namespace: broken }).request({ body: ['GET', 'k'] })

    await expect(request).rejects.toMatchObject({ code: 'ERR_REMOTE', reason: 'network' })
  })

  test.each([
    [{ body: ['GET', 'k'] }, undefined],
    [{ body: ['GET', 'k'] }, { results: 1 }],
    [
      {
        path: ['pipeline'],
        body: [
          ['GET', 'k'],
          ['GET', 'k'],
        ],
      },
      [{ result: 1 }],
    ],
    [{ path: ['pipeline'], body: [['GET', 'k']] }, { result: 1 }],
    [{ path: ['multi-exec'], body: [['GET', 'k']] }, { result: 1 }],
  ])('rejects a malformed answer to %j: %j', async (request, answer) => {
    execute = async () => answer

    await expect(durableTransport({ namespace }).request(request)).rejects.toMatchObject({
      reason: 'malformed reply',
      retryable: false,
    })
  })

  test('rejects with the reason of the signal when it is aborted', async () => {
    execute = () => new Promise(() => undefined)
    const controller = new AbortController()
    const reason = new Error('deadline')

    const request = durableTransport({ namespace }).request({
      body: ['GET', 'k'],
      signal: controller.signal,
    })
    controller.abort(reason)

    await expect(request).rejects.toBe(reason)
  })

  test('rejects requests after it is closed', async () => {
    const transport = durableTransport({ namespace })
    await transport.close()

    await expect(transport.request({ body: ['PING'] })).rejects.toThrow(ClosedError)
    expect(made).toEqual([])
  })

  test.each([
    ['namespace', { namespace: undefined }],
    ['name', { namespace, name: '' }],
  ])('refuses a bad %s', (option, options) => {
    expect(() => durableTransport(options as never)).toThrow(
      expect.objectContaining({ option, name: InvalidOptionError.name }),
    )
  })
})
