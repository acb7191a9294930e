import { afterEach, expect, test, vi } from 'vitest'
import { LEFT_PAGE } from '../../../../src/websocket/extensions.ts'
import { clientBench } from './scripted-server.ts'

afterEach(() => vi.unstubAllGlobals())

/** The events of a window. */
function page(): { leave(persisted: boolean): void; online(): void } {
  const target = new EventTarget()
  vi.stubGlobal('onpagehide', null)
  vi.stubGlobal('ononline', null)
  vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
  vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
  return {
    leave: (persisted) => target.dispatchEvent(Object.assign(new Event('pagehide'), { persisted })),
    online: () => target.dispatchEvent(new Event('online')),
  }
}

test('a page that the browser keeps closes its connection, and connects again when it goes on', async () => {
  const { leave } = page()
  const bench = clientBench()
  const left = await bench.connect()

  leave(true)
  await bench.platform.advance(0)
  expect([left.closedWith, bench.client.state]).toEqual([LEFT_PAGE, 'waiting'])
  leave(true)

  await bench.platform.advance(1_000)
  expect(bench.sockets).toHaveLength(2)
  expect(bench.client.state).toBe('connecting')
})

test('of a page that is left for good, the browser closes the connection', async () => {
  const { leave } = page()
  const bench = clientBench()
  const socket = await bench.connect()

  leave(false)
  await bench.platform.advance(0)

  expect([socket.closedWith, bench.client.state]).toEqual([undefined, 'connected'])
})

test('a page whose network is back connects at once, if it waits to connect', async () => {
  const { online } = page()
  const bench = clientBench()
  const socketsAfter = async (event: () => unknown): Promise<number> => {
    event()
    await bench.platform.advance(0)
    return bench.sockets.length
  }
  await bench.connect()
  expect(await socketsAfter(online)).toBe(1)

  expect(await socketsAfter(() => bench.socket.end(1006))).toBe(1)
  expect(await socketsAfter(online)).toBe(2)
  expect(await socketsAfter(online)).toBe(2)
  await socketsAfter(() => bench.socket.end(1006))
  bench.client.disconnect()
  expect(await socketsAfter(online)).toBe(2)
})
