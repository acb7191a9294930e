/**
 * bentocache's suite for drivers, run on our driver. Needs both packages.
 *
 * @module
 */

import { test } from '@japa/runner'
import { registerCacheDriverTestSuite } from 'bentocache/test_suite'
import { RedisCacheManager } from 'nearcache'
import { nearcacheDriver } from 'nearcache/interop/bentocache'
import { connect } from './connect.mjs'

test.group('nearcache', (group) => {
  registerCacheDriverTestSuite({
    test,
    group,
    supportsMilliseconds: true,
    createDriver: ({ prefix } = {}) => {
      const cache = new RedisCacheManager({ redis: connect() })
      const { factory, options } = nearcacheDriver({ cache, ...(prefix && { prefix }) })
      return factory(options)
    },
  })
})
