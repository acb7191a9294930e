/**
 * The page on which a user logs in, sees the devices he is logged in on, and signs them out: one
 * document that asks nobody but the Worker.
 *
 * @module
 */

import type { Credentials } from '../authenticate.ts'
import { DEVICES_SCRIPT } from './devices-script.ts'
import { DEVICES_STYLE } from './devices-style.ts'

/** What the page may do: run what came with it, and talk to the Worker. */
function policyFor(nonce: string): string {
  return [
    "default-src 'none'",
    `script-src 'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

/**
 * The page as a response of its own, with a nonce of its own.
 *
 * @param demo The account to show and fill in, where it is the demo's; its password is public.
 */
export function devicesPage(demo: Credentials | undefined): Response {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))))
  return new Response(documentOf(nonce, demo), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policyFor(nonce),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

function documentOf(nonce: string, demo: Credentials | undefined): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Your devices</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${DEVICES_STYLE}</style>
</head>
<body>
<main>
<h1>Your devices</h1>
<form id="log-in" hidden>
${demo ? demoNote(demo) : '<p class="soft">Log in to see where you are signed in.</p>'}
<label>E-mail <input name="email" type="email" autocomplete="username" required value="${demo?.email ?? ''}"></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required value="${demo?.password ?? ''}"></label>
<button class="main">Log in</button>
</form>
<section id="devices" hidden>
<p id="count" class="soft"></p>
<ul id="list"></ul>
<div class="row">
<button id="others">Sign out other devices</button>
<button id="log-out">Log out</button>
</div>
</section>
<div id="message" class="message" role="status" hidden></div>
</main>
<script type="module" nonce="${nonce}">${DEVICES_SCRIPT}</script>
</body>
</html>
`
}

function demoNote({ email, password }: Credentials): string {
  return `<p class="message note">This Worker runs in development. The demo account is
<code>${email}</code> with the password <code>${password}</code>.</p>`
}
