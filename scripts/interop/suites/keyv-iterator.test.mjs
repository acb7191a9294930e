/**
 * Keyv's tests of iteration, run on our storage adapter. Needs both packages.
 *
 * @module
 */

import { keyvIteratorTests } from '@keyv/test-suite'
import Keyv from 'keyv'
import { RedisCacheManager } from 'nearcache'
import { keyvStore } from 'nearcache/interop/keyv'
import * as test from 'vitest'
import { connect } from './connect.mjs'

const store = () => keyvStore({ cache: new RedisCacheManager({ redis: connect() }) })

keyvIteratorTests(test, Keyv, store)
