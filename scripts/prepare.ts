/**
 * Copies what browsers load from other packages to where the sources expect it: uPlot as a module that the
 * dashboard serves on hosts without files, and as a file among the Worker's assets, with the client of the
 * page `/presence`. Runs automatically after `npm ci`.
 *
 * @module
 */

import { cpSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartLibrary, chartsScript } from './dashboard/chart-library.ts'

const ROOT = join(import.meta.dirname, '..')

const ASSETS = join(ROOT, 'workers/assets')

writeFileSync(join(ROOT, 'src/dashboard/chart-library.ts'), chartLibrary())
mkdirSync(join(ASSETS, 'dashboard'), { recursive: true })
writeFileSync(join(ASSETS, 'dashboard/charts.js'), chartsScript())
cpSync(
  join(ROOT, 'node_modules/pusher-js/dist/web/pusher.min.js'),
  join(ASSETS, 'presence/pusher.min.js'),
)
