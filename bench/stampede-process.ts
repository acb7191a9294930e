/**
 * One process of a stampede: starts all its reads of one key at an agreed instant. Prints the number of loads,
 * and how long the reads took.
 *
 * `node stampede-process.ts NAME PORT READS INSTANT`
 *
 * @module
 */

import { setTimeout as delay } from 'node:timers/promises'
import { CACHES } from './remote-caches.ts'

const LOADER_MS = 50

const [, , name = '', port = '', reads = '', instant = ''] = process.argv
const open = CACHES[name]
if (open === undefined) throw new Error(`There is no cache named ${name}`)
const cache = await open(Number(port))
let loads = 0
const load = async (): Promise<string> => {
  loads++
  await delay(LOADER_MS)
  return 'loaded'
}
// Opens connections and warms up the code, so that the stampede meets a cache in use.
for (let i = 0; i < 20; i++) await cache.read(`warm:${process.pid}:${i}`, async () => 'warm')

await delay(Number(instant) - Date.now())
const startedAt = performance.now()
const values = await Promise.all(
  Array.from({ length: Number(reads) }, () => cache.read('hot', load)),
)
const ms = performance.now() - startedAt
if (values.some((value) => value !== 'loaded')) throw new Error(`${name} answers something else`)
console.log(JSON.stringify({ loads, ms }))
await cache.close()
process.exit()
