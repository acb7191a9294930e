/**
 * Writes src/dashboard/chart-library.ts from the installed uPlot: `npm run chart-library`. A test holds
 * the file against the package.
 *
 * @module
 */

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartLibrary } from './chart-library.ts'

writeFileSync(join(import.meta.dirname, '../../src/dashboard/chart-library.ts'), chartLibrary())
