/**
 * Runs bentocache's suite in Japa, its own runner, which loads the test files itself.
 *
 * @module
 */

import { assert } from '@japa/assert'
import { configure, run } from '@japa/runner'

configure({ files: ['bentocache.spec.mjs'], plugins: [assert()] })
await run()
