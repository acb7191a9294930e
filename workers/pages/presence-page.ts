/**
 * The demo page on which browser windows see each other come and go, with the client of Pusher.
 *
 * @module
 */

import { DEVICES_STYLE } from './devices-style.ts'
import { pageResponse } from './page.ts'
import { PRESENCE_SCRIPT } from './presence-script.ts'
import { PRESENCE_STYLE } from './presence-style.ts'

/** Options of the page. */
export interface PresencePageOptions {
  /** The app's key, which is public. */
  readonly key: string
  /** Whether the app accepts client events, with which windows wave to each other. */
  readonly canWave: boolean
  /** Host and port of the Worker, as the browser names it. */
  readonly host: string
}

/** The page. */
export function presencePage({ key, canWave, host }: PresencePageOptions): Response {
  return pageResponse({
    title: 'Who is here',
    style: DEVICES_STYLE + PRESENCE_STYLE,
    body: bodyOf(key, canWave),
    script: PRESENCE_SCRIPT,
    library: '/presence/pusher.min.js',
    // In some browsers, 'self' does not include sockets.
    sockets: `ws://${host} wss://${host}`,
  })
}

function bodyOf(key: string, canWave: boolean): string {
  return `<main data-key="${key}">
<header>
<h1>Who is here</h1>
<span id="state" class="badge" data-state="connecting" role="status">Connecting</span>
</header>
<p id="summary" class="soft">Loading …</p>
<ul id="people"></ul>
<div class="row">
<a id="another" class="button main" href="/presence" target="_blank" rel="noopener">Open as another person</a>
<a id="same" class="button" href="/presence" target="_blank" rel="noopener">Open a second tab</a>
${canWave ? '<button id="wave" disabled>Wave</button>' : ''}
</div>
<h2>What happened</h2>
<ol id="log" aria-live="polite"></ol>
<p id="message" class="message bad" role="alert" hidden></p>
</main>`
}
