/**
 * Checks the answers of `examples/worker-minimal`.
 *
 * @module
 */

import assert from 'node:assert/strict'
import type { Example } from './example.ts'

export const workerMinimal: Example = {
  environment: () => ({}),
  args: (port) => ['--port', String(port)],
  ready: '/products/tea',
  async ask(base) {
    const price = async (): Promise<unknown> => (await fetch(`${base}/products/tea`)).json()
    assert.deepEqual(await price(), { id: 'tea', price: 4 })
    const body = JSON.stringify({ price: 5 })
    const written = await fetch(`${base}/products/tea`, { method: 'PUT', body })
    assert.equal(written.status, 204)
    assert.deepEqual(await price(), { id: 'tea', price: 5 })
    assert.equal((await fetch(`${base}/products/salt`)).status, 404)
  },
}
