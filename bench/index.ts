/**
 * `npm run bench -- NAME [--json]`: runs one benchmark and prints its table, ratios first.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { benchBridge } from './bridge.ts'
import { type Bench, toTable } from './measure.ts'

const BENCHES: Readonly<Record<string, Bench>> = { bridge: benchBridge }

const { values, positionals } = parseArgs({
  options: { json: { type: 'boolean', default: false } },
  allowPositionals: true,
})
const [name = ''] = positionals
const bench = BENCHES[name]
if (bench === undefined || positionals.length > 1) {
  console.error(
    `npm run bench -- NAME [--json]; NAME is one of: ${Object.keys(BENCHES).join(', ')}`,
  )
  process.exit(2)
}
const report = await bench()
console.log(values.json ? JSON.stringify(report, undefined, 2) : toTable(report))
