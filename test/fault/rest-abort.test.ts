import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bundleWorker, type RunningWorker, startWorkerd } from '../../bench/workerd.ts'
import { abortedRequest, type Missing } from './rest-abort.ts'

const WAIT = { timeout: 20_000 }
const PARTS: readonly Missing[] = ['head', 'body']

// Only the runtime's fetch uses the signal of these requests, so these tests check the runtime.
describe('an aborted request with the own fetch of a runtime', () => {
  let server: Server
  let origin = ''
  const begun: string[] = []
  const ended: string[] = []

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      const part = url.replaceAll('/', '')
      if (part === 'begun') {
        void vi
          .waitFor(() => expect(begun.length).toBeGreaterThan(ended.length), WAIT)
          .then(() => response.end())
        return
      }
      begun.push(part)
      response.once('close', () => ended.push(part))
      if (part === 'head') return
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' })
      response.write('{"result":')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })

  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  })

  async function expectAllEnd(): Promise<void> {
    await vi.waitFor(() => expect(ended).toEqual(begun), WAIT)
  }

  test.each(PARTS)(
    'on Node without its %s rejects with the reason, and lets go of the server',
    async (part) => {
      expect(await abortedRequest(part, origin)).toBe('the reason')
      await expectAllEnd()
    },
  )

  describe('in workerd', () => {
    let worker: RunningWorker

    beforeAll(async () => {
      const contents = `
        import { abortedRequest } from './rest-abort.ts'
        export default {
          async fetch({ url }, { SERVER }) {
            return new Response(await abortedRequest(new URL(url).pathname.slice(1), SERVER))
          },
        }`
      const stdin = { contents, resolveDir: import.meta.dirname }
      worker = await startWorkerd(await bundleWorker({ stdin }), { bindings: { SERVER: origin } })
    }, 60_000)

    afterAll(() => worker.miniflare.dispose())

    test.each(PARTS)(
      'without its %s rejects with the reason, and lets go of the server',
      async (part) => {
        const { origin: at } = await worker.miniflare.ready

        const told = await (await fetch(`${at}/${part}`)).text()

        expect(told).toBe('the reason')
        await expectAllEnd()
      },
    )
  })
})
