/**
 * The page on which windows see each other come and go: one document, the client of Pusher beside it,
 * and nobody but the Worker to talk to.
 *
 * @module
 */

import { DEVICES_STYLE } from './devices-style.ts'
import { PRESENCE_SCRIPT } from './presence-script.ts'
import { PRESENCE_STYLE } from './presence-style.ts'

/** What the page is told. */
export interface PresencePageOptions {
  /** The app's key, which is public. */
  readonly key: string
  /** Whether the app takes client events, by which windows wave to each other. */
  readonly canWave: boolean
  /** Host and port of the Worker, as the browser names it. */
  readonly host: string
}

/** What the page may do: run what came with it and the client, and talk to the Worker. */
function policyFor(nonce: string, host: string): string {
  return [
    "default-src 'none'",
    `script-src 'self' 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    // Some browsers do not count sockets as part of 'self'.
    `connect-src 'self' ws://${host} wss://${host}`,
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/** The page as a response of its own, with a nonce of its own. */
export function presencePage(options: PresencePageOptions): Response {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))))
  return new Response(documentOf(nonce, options), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policyFor(nonce, options.host),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

function documentOf(nonce: string, { key, canWave }: PresencePageOptions): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Who is here</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${DEVICES_STYLE}${PRESENCE_STYLE}</style>
</head>
<body>
<main data-key="${key}">
<header>
<h1>Who is here</h1>
<span id="state" class="badge" data-state="connecting" role="status">Connecting</span>
</header>
<p id="summary" class="soft">One moment.</p>
<ul id="people"></ul>
<div class="row">
<a id="another" class="button main" href="/presence" target="_blank" rel="noopener">Open as somebody else</a>
<a id="same" class="button" href="/presence" target="_blank" rel="noopener">Open a second tab</a>
${canWave ? '<button id="wave" disabled>Wave</button>' : ''}
</div>
<h2>What happened</h2>
<ol id="log" aria-live="polite"></ol>
<p id="message" class="message bad" role="alert" hidden></p>
</main>
<script src="/presence/pusher.min.js" nonce="${nonce}"></script>
<script type="module" nonce="${nonce}">${PRESENCE_SCRIPT}</script>
</body>
</html>
`
}
