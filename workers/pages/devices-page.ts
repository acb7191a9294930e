/**
 * The page on which users log in, see the devices they are logged in on, and sign these out.
 *
 * @module
 */

import type { Credentials } from '../authenticate.ts'
import { DEVICES_SCRIPT } from './devices-script.ts'
import { DEVICES_STYLE } from './devices-style.ts'
import { pageResponse } from './page.ts'

/**
 * The page.
 *
 * @param demo The demo account to show and fill in, if there is one. Its password is public.
 */
export function devicesPage(demo: Credentials | undefined): Response {
  return pageResponse({
    title: 'Your devices',
    style: DEVICES_STYLE,
    body: bodyOf(demo),
    script: DEVICES_SCRIPT,
  })
}

function bodyOf(demo: Credentials | undefined): string {
  return `<main>
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
<div id="message" class="message" role="status" tabindex="-1" hidden></div>
</main>`
}

function demoNote({ email, password }: Credentials): string {
  return `<p class="message note">This Worker runs in development. The demo account is
<code>${email}</code> with the password <code>${password}</code>.</p>`
}
