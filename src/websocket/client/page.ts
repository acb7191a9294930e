/**
 * What a page tells of itself and of its network; elsewhere, nothing.
 *
 * @module
 */

import { LEFT_PAGE } from '../extensions.ts'

type PageListener = (event: { readonly persisted?: boolean }) => void

/** The part of a page's `window` that is used. */
type Page = Record<
  'addEventListener' | 'removeEventListener',
  (type: string, listener: PageListener) => void
>

/**
 * A page that is left may be kept, frozen, for the back button. Chromium then keeps its sockets open, and the
 * user would stay present until a ping is not answered. When the page is shown again, the client reconnects.
 *
 * @param signal Aborted when the connection has ended.
 */
export function closeWithPage(signal: AbortSignal, cut: (code: number) => void): void {
  listen('pagehide', signal, ({ persisted }) => {
    if (persisted) cut(LEFT_PAGE)
  })
}

/** Calls a function when the network is back, until the signal is aborted. */
export function whenOnline(signal: AbortSignal, isBack: () => void): void {
  listen('online', signal, isBack)
}

function listen(type: string, signal: AbortSignal, listener: PageListener): void {
  if (!(`on${type}` in globalThis)) return
  const page = globalThis as unknown as Page
  page.addEventListener(type, listener)
  // Not by the option `signal`: the window of a test may not know this AbortSignal.
  signal.addEventListener('abort', () => page.removeEventListener(type, listener))
}
