/**
 * Starts the Chromium at `CHROMIUM`, or /usr/bin/chromium, with a fresh profile.
 *
 * @module
 */

import { type Browser, chromium } from 'playwright-core'

/** Path of the executable. */
export const CHROMIUM = process.env['CHROMIUM'] ?? '/usr/bin/chromium'
const ARGUMENTS = `--no-sandbox --disable-gpu --disable-quic --no-first-run
  --disable-background-networking --disable-component-update --disable-sync`.split(/\s+/)

/**
 * Starts Chromium. The caller closes it.
 *
 * @param unset Arguments of Playwright to leave out.
 */
export function startChromium(unset: string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: ARGUMENTS,
    ignoreDefaultArgs: unset,
  })
}
