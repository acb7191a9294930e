/**
 * Builds the package: `src` to `dist`, module by module, and the Worker to `dist/worker`.
 *
 * @module
 */

import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'

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
