import { afterEach, expect, test, vi } from 'vitest'
import { LEFT_PAGE } from '../../../../src/websocket/extensions.ts'
import { clientBench } from './scripted-server.ts'

afterEach(() => vi.unstubAllGlobals())

/** The events of a window. */
function page(): { leave(persisted: boolean): void } {
  const target = new EventTarget()
  vi.stubGlobal('onpagehide', null)
  vi.stubGlobal('addEventListener', target.addEventListener.bind(target))
  vi.stubGlobal('removeEventListener', target.removeEventListener.bind(target))
  return {
    leave: (persisted) => target.dispatchEvent(Object.assign(new Event('pagehide'), { persisted })),
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
