/**
 * Keyv's suite for storage adapters, run on our adapter. Needs both packages.
 *
 * @module
 */

import keyvTestSuite from '@keyv/test-suite'
import Keyv from 'keyv'
import { RedisCacheManager } from 'nearcache'
import { keyvStore } from 'nearcache/interop/keyv'
import * as test from 'vitest'
import { connect } from './connect.mjs'

const store = () => keyvStore({ cache: new RedisCacheManager({ redis: connect() }) })

keyvTestSuite(test, Keyv, store)
