/**
 * Tests real clients against the Worker under `wrangler dev`: pusher-js in Node and in Chromium, Laravel Echo,
 * and the server SDK, all unmodified. Prints one line for each check; fails unless all pass.
 *
 * Usage: `npm run test:presence [-- --only users,echo] [--screenshots FOLDER]`. Needs Chromium at CHROMIUM,
 * or /usr/bin/chromium.
 *
 * @module
 */

import { parseArgs } from 'node:util'
import { browser } from './browser.ts'
import {
  cacheChannels,
  clientEvents,
  connections,
  encryptedChannels,
  privateChannels,
  publicChannels,
} from './channels.ts'
import { echo } from './echo.ts'
import { flood, foreignFrames, foreignRequests } from './foreign.ts'
import { presence, reconnections, signIn } from './users.ts'
import { createWorld, type World } from './world.ts'

type Scenario = (world: World) => Promise<void>

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  connections,
  publicChannels,
  privateChannels,
  cacheChannels,
  encryptedChannels,
  clientEvents,
  presence,
  reconnections,
  signIn,
  echo,
  foreignFrames,
  foreignRequests,
  flood,
}

const { values } = parseArgs({
  options: { only: { type: 'string' }, screenshots: { type: 'string' } },
})
const only = values.only?.split(',')
const isWanted = (name: string): boolean => only?.includes(name) ?? true

const world = await createWorld()
const { ledger } = world
try {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    if (!isWanted(name)) continue
    console.log(`\n${name}`)
    await scenario(world).catch((error) => {
      console.error(error)
      ledger.check(`${name} ends`, false)
    })
  }
  ledger.check('every webhook had its signature', world.server.forged === 0)
} finally {
  await world.close()
}
if (isWanted('browser')) {
  console.log('\nbrowser')
  await browser(ledger, values.screenshots)
}

console.log(`\n${ledger.held} hold, ${ledger.failed} do not`)
process.exit(ledger.failed === 0 ? 0 : 1)
