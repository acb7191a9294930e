/**
 * Puts what browsers load of other packages to where the sources expect it: uPlot as a module that
 * the dashboard serves on hosts without files, and the client of the page `/presence` among the
 * Worker's assets. Runs by itself after `npm ci`.
 *
 * @module
 */

import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartLibrary } from './dashboard/chart-library.ts'

const ROOT = join(import.meta.dirname, '..')

writeFileSync(join(ROOT, 'src/dashboard/chart-library.ts'), chartLibrary())
cpSync(
  join(ROOT, 'node_modules/pusher-js/dist/web/pusher.min.js'),
  join(ROOT, 'workers/assets/presence/pusher.min.js'),
)
