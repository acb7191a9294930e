/**
 * Ends a connection together with the page that has it.
 *
 * @module
 */

import { LEFT_PAGE } from '../extensions.ts'

type HideListener = (event: { readonly persisted: boolean }) => void

/** The part of a page's `window` that tells when it is left. */
type Page = Record<
  'addEventListener' | 'removeEventListener',
  (type: 'pagehide', listener: HideListener) => void
>

/**
 * A page that is left may be kept, frozen, for the back button. Chromium then keeps its sockets open, and the
 * user would stay present until a ping is not answered. When the page is shown again, the client reconnects.
 *
 * @param signal Aborted when the connection has ended.
 */
export function closeWithPage(signal: AbortSignal, cut: (code: number) => void): void {
  if (!('onpagehide' in globalThis)) return
  const page = globalThis as unknown as Page
  const onHide: HideListener = ({ persisted }) => {
    if (persisted) cut(LEFT_PAGE)
  }
  page.addEventListener('pagehide', onHide)
  // Not by the option `signal`: the window of a test may not know this AbortSignal.
  signal.addEventListener('abort', () => page.removeEventListener('pagehide', onHide))
}
