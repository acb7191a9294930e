/**
 * Writes `jsr.json` from `package.json`: the source of each subpath, for registries that accept TypeScript. The
 * Worker is left out: it is deployed, not imported.
 *
 * Usage: `npm run jsr`
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { jsrManifest } from './jsr-manifest.ts'

const ROOT = join(import.meta.dirname, '..')
const manifest = jsrManifest(JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')))
writeFileSync(join(ROOT, 'jsr.json'), `${JSON.stringify(manifest, undefined, 2)}\n`)
