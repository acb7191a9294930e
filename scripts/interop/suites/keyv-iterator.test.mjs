/**
 * Keyv's tests of iteration, on our storage adapter. Runs where both packages are installed.
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
