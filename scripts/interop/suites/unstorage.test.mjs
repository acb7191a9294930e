/**
 * Tests unstorage on our driver.
 *
 * @module
 */

import { unstorageDriver } from 'nearcache/interop/unstorage'
import { createStorage, prefixStorage } from 'unstorage'
import { expect, test } from 'vitest'
import { connect, KEYS } from './connect.mjs'

const options = { redis: connect(), keys: KEYS }

test('keeps, lists and clears items', async () => {
  const storage = createStorage({ driver: unstorageDriver(options) })
  await storage.clear()
  await storage.setItem('users:a', { name: 'ada' })
  await storage.setItem('users:b', 'text')
  await storage.setItem('other', 7)

  expect(await storage.getItem('users:a')).toEqual({ name: 'ada' })
  expect([await storage.hasItem('users:b'), await storage.hasItem('users:c')]).toEqual([
    true,
    false,
  ])
  expect((await storage.getKeys()).toSorted()).toEqual(['other', 'users:a', 'users:b'])
  expect((await storage.getKeys('users')).toSorted()).toEqual(['users:a', 'users:b'])
  await storage.removeItem('users:a')
  expect(await storage.getItem('users:a')).toBe(null)
  await storage.clear()
  expect(await storage.getKeys()).toEqual([])
})

test('keeps an item for as long as it is told to', async () => {
  const storage = prefixStorage(createStorage({ driver: unstorageDriver(options) }), 'brief')
  await storage.setItem('x', 'y', { ttl: 0.05 })
  expect(await storage.getItem('x')).toBe('y')
  await expect.poll(() => storage.getItem('x')).toBe(null)
})
