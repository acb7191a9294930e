/**
 * Checks the answers of `examples/node-express-trpc`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import type { Example } from './example.ts'

interface Row {
  readonly id: string
}

export const nodeExpressTrpc: Example = {
  environment: (port) => ({ PORT: String(port) }),
  args: () => [],
  ready: '/health/cache',
  async ask(base) {
    const first = await list(base)
    assert.deepEqual(await list(base), first)
    assert.deepEqual(first.length, 3)
    const [read] = first
    const body = JSON.stringify({ id: read?.id })
    const headers = { 'content-type': 'application/json' }
    const marked = await fetch(`${base}/trpc/markAsRead`, { method: 'POST', headers, body })
    assert.equal(marked.status, 200)
    assert.ok(
      (await list(base)).every(({ id }) => id !== read?.id),
      'a list is stale',
    )
    const stats = (await (await fetch(`${base}/stats`)).json()) as { totalHits: number }
    assert.ok(stats.totalHits > 0, 'nothing came from the cache')
  },
}

async function list(base: string): Promise<readonly Row[]> {
  const input = encodeURIComponent(JSON.stringify({ limit: 3 }))
  const response = await fetch(`${base}/trpc/getEmails?input=${input}`)
  assert.equal(response.status, 200)
  return ((await response.json()) as { result: { data: Row[] } }).result.data
}
