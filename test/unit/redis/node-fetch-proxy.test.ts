import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const FILE = join(import.meta.dirname, '../../../src/redis/node/index.ts')
const PROGRAM = `
  import { nodeFetch } from ${JSON.stringify(FILE)}
  const init = { method: 'POST', headers: {}, body: '["PING"]', redirect: 'manual', signal: null }
  const response = await nodeFetch()(process.argv[1], init)
  console.log(await response.text())`

let proxy: Server

beforeAll(async () => {
  proxy = createServer((request, response) => response.end(`by the proxy: ${request.url}`))
  await once(proxy.listen(0, '127.0.0.1'), 'listening')
})

afterAll(() => {
  proxy.close()
})

/** The output of a process that sends a request by `nodeFetch` and can reach the server only by a proxy. */
async function answerTo(url: string, settings: Record<string, string>): Promise<string> {
  const { port } = proxy.address() as AddressInfo
  const env = { ...process.env, HTTP_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '', ...settings }
  const args = ['--input-type=module', '-e', PROGRAM, url]
  const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 15_000 })
  return stdout.trim()
}

test('nodeFetch uses the proxy of the environment if Node is configured to', {
  timeout: 20_000,
}, async () => {
  const answer = await answerTo('http://redis.invalid/pipeline', { NODE_USE_ENV_PROXY: '1' })

  expect(answer).toBe('by the proxy: http://redis.invalid/pipeline')
})

test('nodeFetch does not use the proxy if Node is not configured to', {
  timeout: 20_000,
}, async () => {
  const answering = answerTo('http://redis.invalid/pipeline', { NODE_USE_ENV_PROXY: '0' })

  await expect(answering).rejects.toThrow('ENOTFOUND')
})
