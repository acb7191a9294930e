/**
 * A page of the Worker: one document with its style and its script, which connects only to the Worker.
 *
 * @module
 */

/** The parts of a page. All of them except the title are sent unescaped. */
export interface Page {
  readonly title: string
  /** CSS. */
  readonly style: string
  /** HTML, for the body. */
  readonly body: string
  /** JavaScript, run as a module after {@link TOOLS}. */
  readonly script: string
  /** The path of a script of the Worker that is loaded first. @default none */
  readonly library?: string
  /** Further CSP sources that the page may connect to, besides the Worker. @default none */
  readonly sockets?: string
}

/** Functions for the script of every page. */
const TOOLS = `
const find = (id) => document.getElementById(id)

function element(name, text, kind) {
  const made = document.createElement(name)
  if (text) made.textContent = text
  if (kind) made.className = kind
  return made
}
`

/** The page as a response, with a new nonce. */
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

/** The page may run only its own script and library, and connect only to the Worker and `sockets`. */
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
