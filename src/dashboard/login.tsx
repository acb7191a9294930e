/**
 * The form to log in.
 *
 * @module
 */

import type { Html } from './html.ts'
import { Brand, Document } from './layout.tsx'
import { FormToken } from './parts.tsx'

/** The page. Shows the complaint, for example after a wrong token. */
export function LoginPage({
  token,
  complaint,
}: {
  readonly token: string
  readonly complaint: string | undefined
}): Html {
  return (
    <Document title="Log in · nearcache">
      <main class="login" id="main">
        <Brand />
        <h1>Log in</h1>
        <p class="soft">Enter the token of this dashboard.</p>
        {complaint === undefined ? (
          ''
        ) : (
          <div class="message bad" role="alert" id="complaint">
            {complaint}
          </div>
        )}
        <form method="post" action="login">
          <FormToken token={token} />
          <label for="token">Token</label>
          <input
            id="token"
            name="token"
            type="password"
            autocomplete="current-password"
            required
            autofocus
            aria-describedby={complaint === undefined ? undefined : 'complaint'}
          />
          <button type="submit" class="main">
            Log in
          </button>
        </form>
      </main>
    </Document>
  )
}
