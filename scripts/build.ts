/**
 * Builds the package: `src` to `dist`, module by module, and the Worker to `dist/worker`. Copies the client
 * that the page `/presence` loads to where the Worker's assets are.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { cpSync, rmSync } from 'node:fs'

rmSync('dist', { recursive: true, force: true })
for (const project of [
  'tsconfig.build.json',
  'tsconfig.platform.json',
  'workers/tsconfig.build.json',
]) {
  execFileSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', project], {
    stdio: 'inherit',
  })
}
cpSync('node_modules/pusher-js/dist/web/pusher.min.js', 'workers/assets/presence/pusher.min.js')
