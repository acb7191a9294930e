import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Transport } from '../../../src/redis/requester.ts'
import { type RestOptions, restTransport } from '../../../src/redis/rest.ts'
import { ManualPlatform } from '../../../src/testing/manual-platform.ts'
import { eventually } from '../../support/eventually.ts'
import {
  echoRequester,
  type Fault,
  type RestEndpoint,
  startRestEndpoint,
} from '../../support/rest-endpoint.ts'
import { WAYS } from '../../support/rest-fetches.ts'

const KEY = 'SENTINEL-key'
const VALUE = 'SENTINEL-value'
const TOKEN = 'SENTINEL-token'

describe.each(WAYS)(
  'the rest transport, sync tokens and subscriptions $name',
  ({ options: way }) => {
    let endpoint: RestEndpoint
    let transport: Transport

    beforeEach(async () => {
      endpoint = await startRestEndpoint({ requester: echoRequester, token: TOKEN })
      transport = connect()
    })

    afterEach(async () => {
      await transport.close()
      await endpoint.stop()
    })

    function connect(options: Partial<RestOptions> = {}): Transport {
      return restTransport({
        url: endpoint.url,
        token: TOKEN,
        platform: new ManualPlatform({ startAt: Date.UTC(2026, 10, 24, 12) }),
        ...way,
        ...options,
      })
    }

    function failWith(fault: Fault): void {
      endpoint.respond = () => fault
    }

    const json = (body: unknown, status = 200): Fault => ({ status, body: JSON.stringify(body) })
    describe('to read its own writes,', () => {
      const sent = (): unknown[] =>
        endpoint.requests.map(({ headers }) => headers['upstash-sync-token'])

      test('sends the last token it has received', async () => {
        await transport.request({ body: ['SET', KEY, VALUE] })
        await transport.request({ body: ['GET', KEY] })
        await transport.request({ body: ['GET', KEY] })

        expect(sent()).toEqual([undefined, '1', '2'])
        expect(transport.upstashSyncToken).toBe('3')
      })

      test('keeps its token if a response has none', async () => {
        transport.upstashSyncToken = 'mine'
        failWith(json({ result: 1 }))

        await transport.request({ body: ['GET', KEY] })

        expect(transport.upstashSyncToken).toBe('mine')
      })

      test('prefers the token of a request, because its client may keep its own', async () => {
        await transport.request({ body: ['GET', KEY], upstashSyncToken: 'theirs' })

        expect(sent()).toEqual(['theirs'])
      })

      test('does not return to an older token when a slow read ends', async () => {
        const slow = Promise.withResolvers<Response>()
        const reply = (token: string): Response =>
          new Response('{"result":1}', { headers: { 'upstash-sync-token': token } })
        const replies = [slow.promise, Promise.resolve(reply('after the write'))]
        const client = connect({ fetch: () => replies.shift() ?? expect.unreachable() })

        const read = client.request({ body: ['GET', KEY] })
        await client.request({ body: ['SET', KEY, VALUE] })
        slow.resolve(reply('before the write'))
        await read

        expect(client.upstashSyncToken).toBe('after the write')
      })

      test('sends no token with `readYourWrites: false`', async () => {
        transport.readYourWrites = false
        await transport.request({ body: ['SET', KEY, VALUE] })
        await transport.request({ body: ['GET', KEY] })

        expect(sent()).toEqual([undefined, undefined])
      })
    })

    describe('subscribed', () => {
      const channel = 'a,b/c?d#é'

      async function subscribe(
        signal?: AbortSignal,
        fail: () => void | Promise<void> = () => undefined,
      ): Promise<string[]> {
        const heard: string[] = []
        await transport.request({
          path: ['subscribe', channel],
          body: [],
          headers: { Accept: 'text/event-stream' },
          isStreaming: true,
          onMessage: (data) => {
            heard.push(data)
            return fail()
          },
          ...(signal && { signal }),
        })
        return heard
      }

      test('passes on each message, whatever the name of the channel', async () => {
        const heard = await subscribe()
        endpoint.emit(`message,${channel},one`)
        endpoint.emit(`message,${channel}, two`)

        await eventually(() => expect(heard).toHaveLength(3))
        expect(heard).toEqual([
          `subscribe,${channel},1`,
          `message,${channel},one`,
          `message,${channel}, two`,
        ])
      })

      test('needs no body', async () => {
        const heard: string[] = []
        const onMessage = (data: string): unknown => heard.push(data)

        await transport.request({
          path: ['subscribe', 'news'],
          headers: { Accept: 'text/event-stream' },
          isStreaming: true,
          onMessage,
        })

        await eventually(() => expect(heard).toEqual(['subscribe,news,1']))
      })

      test('ends the stream when its signal is aborted', async () => {
        const controller = new AbortController()
        await subscribe(controller.signal)
        expect(endpoint.streams).toBe(1)

        controller.abort()

        await eventually(() => expect(endpoint.streams).toBe(0))
      })

      test('ends the stream when it is closed', async () => {
        await subscribe()
        await transport.close()

        await eventually(() => expect(endpoint.streams).toBe(0))
      })

      test.each([
        [
          'throws',
          () => {
            throw new Error('of the listener')
          },
        ],
        ['returns a promise that rejects', () => Promise.reject(new Error('of the listener'))],
      ])('ends the stream when its listener %s, without ending the process', async (_how, fail) => {
        await subscribe(undefined, fail)

        await eventually(() => expect(endpoint.streams).toBe(0))
      })

      test('rejects like other requests', async () => {
        failWith({ status: 503, body: VALUE })

        await expect(subscribe()).rejects.toMatchObject({
          operation: 'subscribe',
          reason: 'HTTP 503',
        })
      })
    })
  },
)
