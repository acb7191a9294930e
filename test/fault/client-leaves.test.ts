import { once } from 'node:events'
import { type ClientRequest, createServer, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { bundleWorker, type DirectWorker, startDirect } from '../../bench/workerd.ts'
import { embeddedTransport } from '../../src/redis/embedded/index.ts'
import { SEEK } from '../../src/redis/scripts/seek.ts'
import { leave as breakOff, HeldRequester } from '../support/leaving-client.ts'
import { type RestEndpoint, startRestEndpoint } from '../support/rest-endpoint.ts'

const WAIT = { timeout: 5_000 }

/** A server that answers when the test makes it. */
const origin = createServer((_, response) => {
  waiting.push(response.setHeader('cache-control', 'max-age=60'))
})
const waiting: ServerResponse[] = []

/** Waits for the next request to the origin. */
async function asked(): Promise<ServerResponse> {
  return vi.waitFor(() => {
    const [first] = waiting.splice(0)
    if (first === undefined) throw new Error('the origin was not asked')
    return first
  }, WAIT)
}

const gated = new HeldRequester(embeddedTransport())

let redis: RestEndpoint
let worker: DirectWorker
let host: URL

beforeAll(async () => {
  redis = await startRestEndpoint({ requester: gated })
  origin.listen(0, '127.0.0.1')
  await once(origin, 'listening')
  const { port } = origin.address() as AddressInfo
  const contents = `
    import { answer } from './client-leaves-worker.ts'
    export default { fetch: answer }`
  const stdin = { contents, resolveDir: import.meta.dirname }
  worker = await startDirect(await bundleWorker({ stdin }), {
    bindings: { REDIS: redis.url, ORIGIN: `http://127.0.0.1:${port}` },
    d1Databases: ['DB'],
    compatibilityFlags: ['nodejs_compat', 'enable_request_signal'],
  })
  host = worker.url
}, 60_000)

afterAll(async () => {
  await worker.miniflare.dispose()
  origin.closeAllConnections()
  origin.close()
  await redis.stop()
})

async function ask(path: string): Promise<string> {
  return (await fetch(new URL(path, host))).text()
}

/** Reads a path, and answers the request to the origin. */
async function load(path: string, value: string): Promise<string> {
  const reading = ask(path)
  ;(await asked()).end(value)
  return reading
}

/** Sends a request on a separate connection that can be cut. */
function begin(path: string, method = 'GET'): ClientRequest {
  return request(new URL(path, host), { agent: false, method })
    .on('error', () => undefined)
    .end()
}

/** What a client has received so far. */
function textOf(client: ClientRequest): { readonly text: string } {
  const read = { text: '' }
  client.once('response', (response) => {
    response.on('error', () => undefined)
    response.on('data', (chunk) => {
      read.text += chunk
    })
  })
  return read
}

/** Disconnects, and waits until workerd has noticed. */
function leave(client: ClientRequest): Promise<void> {
  return breakOff(client, new URL('/turn', host))
}

/**
 * Sends a request, and disconnects during the first command that contains this word. @returns A function
 * that lets the command through.
 */
async function beginHeld(path: string, method: string, word = ''): Promise<() => void> {
  const { reached, open } = gated.hold((sent) => JSON.stringify(sent).includes(word))
  const client = begin(path, method)
  await reached
  await leave(client)
  return open
}

describe('a Worker request whose client disconnects', () => {
  test.each(['getOrSet', 'getOrSetMany', 'http', 'trpc'])(
    'during a load by %s does not leave callers waiting that share the load',
    async (way) => {
      const path = `/${way}/load`
      const first = begin(path)
      const loading = await asked()
      const looks = redis.requests.length
      const second = ask(path)
      await vi.waitFor(() => expect(redis.requests.length).toBeGreaterThan(looks), WAIT)

      await leave(first)
      loading.end('loaded once')

      expect(await second).toContain('loaded once')
      expect(waiting).toEqual([])
    },
  )

  test.each(['getOrSet', 'getOrSetMany', 'http', 'trpc'])(
    'while it acquires the lease by %s loads nevertheless',
    async (way) => {
      const path = `/${way}/right`
      const open = await beginHeld(path, 'GET', 'EVALSHA')

      open()
      const loading = await asked()
      loading.end('loaded once')

      expect(await ask(path)).toContain('loaded once')
    },
  )

  test.each([
    ['http', '/http/changed', 'PUT'],
    ['the proxy', '/proxy/changed', 'PUT'],
    ['trpc', '/trpc/changed', 'POST'],
  ])('during a change by %s invalidates nevertheless', async (_, path, method) => {
    expect(await load(path, 'before')).toContain('before')
    expect(await ask(path)).toContain('before')
    const change = begin(path, method)
    const changing = await asked()

    await leave(change)
    const told = redis.requests.length
    changing.end('changed')
    await vi.waitFor(() => expect(redis.requests.length).toBeGreaterThan(told), WAIT)

    expect(await load(path, 'after')).toContain('after')
  })

  test('during a mailbox write that invalidates after it invalidates nevertheless', async () => {
    await ask('/migrate')
    expect(await ask('/mail')).toBe('')
    const write = begin('/mail', 'POST')
    const writing = await asked()

    await leave(write)
    writing.end()

    await vi.waitFor(async () => expect(await ask('/mail')).toBe('Hello'), WAIT)
  })

  test('while it seeks a mailbox list, with the lease to load it, loads it nevertheless', async () => {
    await ask('/migrate')
    await ask('/mail')
    const open = await beginHeld('/mail?unread', 'GET', SEEK.sha1)
    const told = redis.requests.length

    open()

    // The loaded list is stored.
    await vi.waitFor(() => expect(redis.requests.length).toBeGreaterThan(told), WAIT)
  })

  test('and was the probe of the circuit does not block the next probe', async () => {
    redis.respond = () => ({ status: 500, body: '' })
    expect(await ask('/circuit')).toBe('open')
    redis.respond = () => 'hang'
    const known = redis.requests.length
    const probe = begin('/circuit')
    await vi.waitFor(() => expect(redis.requests.length).toBeGreaterThan(known), WAIT)

    await leave(probe)
    redis.respond = () => undefined

    await vi.waitFor(async () => expect(await ask('/circuit')).toBe('closed'), WAIT)
  })

  test('that reads slowly withholds nothing from other readers of the same model answer', async () => {
    const first = begin('/llm/long')
    const reading = textOf(first)
    const model = await asked()
    const slow = begin('/llm/long?slow')
    const heard = textOf(slow)
    const pause = await asked()
    model.end('goes on')
    const next = await asked()
    await vi.waitFor(() => expect(reading.text).toBe('onetoo much'), WAIT)
    pause.end('reads on')
    await asked()
    expect(heard.text).toBe('onetoo much')

    await leave(slow)
    next.end('ends')

    await vi.waitFor(() => expect(reading.text).toBe('onetoo muchend'), WAIT)
  })

  test.each(['/told', '/told/cleared'])(
    'during the invalidation of an external change completes it (%s)',
    async (path) => {
      const open = await beginHeld(path, 'POST')
      const known = redis.requests.length

      open()

      await vi.waitFor(() => expect(redis.requests.length).toBeGreaterThan(known), WAIT)
    },
  )

  test('while it reads what an external change affects invalidates it nevertheless', async () => {
    await ask('/migrate')
    const client = begin('/told/named', 'POST')
    const reading = await asked()
    const known = redis.requests.length

    await leave(client)
    reading.end()

    await vi.waitFor(() => expect(redis.requests.length).toBeGreaterThan(known), WAIT)
  })

  test('between the two steps of a change of permissions drops the cached user nevertheless', async () => {
    await fetch(new URL('/role/ada', host), { method: 'POST' })
    expect(await ask('/role/ada')).toBe('admin')
    const open = await beginHeld('/role/ada', 'PUT')

    open()

    await vi.waitFor(async () => expect(await ask('/role/ada')).toBe('undefined'), WAIT)
  })

  test.each([
    ['begun', '/checked', '"NX"'],
    ['ended', '/resolved', 'GETDEL'],
  ])('during a health check reports nevertheless that an alert has %s', async (_, path, word) => {
    const open = await beginHeld(path, 'POST', word)

    open()

    const telling = await asked()
    telling.end()
  })

  test('between the two requests of a set stores the value nevertheless', async () => {
    const open = await beginHeld('/set/key', 'PUT')

    open()

    await vi.waitFor(async () => expect(await ask('/set/key')).toBe('the value'), WAIT)
  })
})
