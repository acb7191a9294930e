import { expect, test, vi } from 'vitest'
import { tcpTransport } from '../../../src/redis/tcp/index.ts'

// Like Deno without `--allow-env`, when the package reads `DEBUG`.
vi.mock('ioredis', () => ({
  get default() {
    const message = 'Requires env access to "DEBUG", run again with the --allow-env flag'
    throw Object.assign(new Error(message), { name: 'NotCapable' })
  },
}))

test('in Deno, the error names the permission that ioredis lacks', async () => {
  const transport = tcpTransport({ url: 'redis://localhost:1' })

  await expect(transport.request({ body: ['PING'] })).rejects.toMatchObject({
    code: 'ERR_CONFIGURATION',
    problems: ['the tcp transport needs the package ioredis, which Deno loads with --allow-env'],
  })
})
