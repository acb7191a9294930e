/**
 * Puts what browsers load of other packages to where the sources expect it: uPlot as a module that
 * the dashboard serves on hosts without files, and among the Worker's assets as it is, beside the client
 * of the page `/presence`. Runs by itself after `npm ci`.
 *
 * @module
 */

import { cpSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { CHARTS_FILE, chartLibrary } from './dashboard/chart-library.ts'

const ROOT = join(import.meta.dirname, '..')

writeFileSync(join(ROOT, 'src/dashboard/chart-library.ts'), chartLibrary())
const ASSETS = {
  'dashboard/charts.js': CHARTS_FILE,
  'presence/pusher.min.js': join(ROOT, 'node_modules/pusher-js/dist/web/pusher.min.js'),
}
for (const [path, file] of Object.entries(ASSETS)) cpSync(file, join(ROOT, 'workers/assets', path))
