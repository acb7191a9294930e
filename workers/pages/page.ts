/**
 * A page of the Worker: one document with its style and its script, which talks to nobody but the Worker.
 *
 * @module
 */

/** What pages differ in. All texts but the title are sent as they are. */
export interface Page {
  readonly title: string
  /** CSS. */
  readonly style: string
  /** HTML, for the body. */
  readonly body: string
  /** JavaScript, run as a module, behind {@link TOOLS}. */
  readonly script: string
  /** The path of a script of the Worker that is run before. @default none */
  readonly library?: string
  /** What the page may connect to besides the Worker's own address, as CSP has it. @default nothing */
  readonly sockets?: string
}

/** What every page's script has at hand. */
const TOOLS = `
const find = (id) => document.getElementById(id)

function element(name, text, kind) {
  const made = document.createElement(name)
  if (text) made.textContent = text
  if (kind) made.className = kind
  return made
}
`

/** The page as a response of its own, with a nonce of its own. */
export function pageResponse(page: Page): Response {
  const nonce = btoa(String.fromCharCode(...crypto.getRandomValues(new Uint8Array(18))))
  return new Response(documentOf(page, nonce), {
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policyFor(page, nonce),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    },
  })
}

/** What the page may do: run what came with it and its library, and talk to the Worker. */
function policyFor({ library, sockets = '' }: Page, nonce: string): string {
  return [
    "default-src 'none'",
    `script-src ${library ? "'self' " : ''}'nonce-${nonce}'`,
    `style-src 'nonce-${nonce}'`,
    `connect-src 'self' ${sockets}`.trim(),
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

function documentOf({ title, style, body, script, library }: Page, nonce: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style nonce="${nonce}">${style}</style>
</head>
<body>
${body}
${library ? `<script src="${library}" nonce="${nonce}"></script>` : ''}
<script type="module" nonce="${nonce}">${TOOLS}${script}</script>
</body>
</html>
`
}
