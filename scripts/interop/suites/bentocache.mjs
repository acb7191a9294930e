/**
 * Runs bentocache's suite in the runner it is made for, which wants to load the tests itself.
 *
 * @module
 */

import { assert } from '@japa/assert'
import { configure, run } from '@japa/runner'

configure({ files: ['bentocache.spec.mjs'], plugins: [assert()] })
await run()
