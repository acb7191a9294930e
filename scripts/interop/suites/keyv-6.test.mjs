/**
 * Tests Keyv 6 on our storage adapter, which it treats as an adapter of Keyv 5 that handles namespaces itself.
 *
 * @module
 */

import Keyv from 'keyv-6'
import { RedisCacheManager } from 'nearcache'
import { keyvStore } from 'nearcache/interop/keyv'
import { afterEach, describe, expect, test } from 'vitest'
import { connect } from './connect.mjs'

describe('Keyv 6', () => {
  const cache = new RedisCacheManager({ redis: connect() })
  const keyv = (namespace) => new Keyv({ store: keyvStore({ cache }), namespace })

  afterEach(() => keyv(undefined).clear())

  async function entriesOf(store) {
    const entries = []
    for await (const entry of store.iterator()) entries.push(entry)
    return entries.toSorted()
  }

  test('keeps what it is given for as long as it says', async () => {
    const users = keyv('users')

    expect(
      await users.setMany([
        { key: 'a', value: { n: 1 } },
        { key: 'b', value: null, ttl: 1 },
      ]),
    ).toEqual([true, true])
    await expect.poll(() => users.has('b'), { timeout: 10_000 }).toBe(false)
    expect(await users.getMany(['a', 'b'])).toEqual([{ n: 1 }, undefined])
    expect(await users.delete('a')).toBe(true)
    expect(await users.get('a')).toBeUndefined()
  })

  test('clears a namespace, and leaves the others alone', async () => {
    const [users, orders] = [keyv('users'), keyv('orders')]
    await users.set('1', 'user')
    await orders.set('1', 'order')

    await users.clear()

    expect(await users.get('1')).toBeUndefined()
    expect(await orders.get('1')).toBe('order')
  })

  test('goes over the entries of its namespace', async () => {
    const [users, orders] = [keyv('users'), keyv('orders')]
    await users.set('1', 'user')
    await users.set('2', 'other')
    await orders.set('1', 'order')

    expect(await entriesOf(users)).toEqual([
      ['1', 'user'],
      ['2', 'other'],
    ])
  })
})
