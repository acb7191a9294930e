/**
 * The frame of every page.
 *
 * @module
 */

import { isoTime } from '../entry/iso-time.ts'
import type { HealthStatus } from '../monitor/health.ts'
import { HREFS } from './assets.ts'
import type { Range } from './figures.ts'
import { dateTime } from './format.ts'
import type { Content, Html } from './html.ts'
import { FormToken, Pill, type Tone } from './parts.tsx'

/** The pages, in the order of the navigation. The name of a page is its relative address. */
export const PAGES = {
  overview: 'Overview',
  namespaces: 'Namespaces',
  jobs: 'Jobs',
  alerts: 'Alerts',
  keys: 'Keys',
} as const

export type PageName = keyof typeof PAGES

/** What the frame shows. */
export interface Frame {
  readonly page: PageName
  readonly status: HealthStatus
  readonly alertCount: number
  /** Epoch milliseconds. */
  readonly at: number
  readonly refreshMs: number
  readonly mayOperate: boolean
  readonly version: string | undefined
  readonly token: string
  readonly hasLogin: boolean
  /** The outcome of a form. */
  readonly message: Message | undefined
  /** The chosen range; absent if the page has none. */
  readonly range?: Range
  /** Whether the page updates itself. A page that answers a form does not. */
  readonly isLive: boolean
}

/** The outcome of a form. */
export interface Message {
  readonly tone: 'good' | 'bad'
  readonly text: string
}

const STATUS_TONES: Readonly<Record<HealthStatus, Tone>> = {
  ok: 'good',
  degraded: 'warn',
  down: 'bad',
}

/** A whole page. */
export function Page({
  frame,
  children,
}: {
  readonly frame: Frame
  readonly children?: Content
}): Html {
  const { page, range, isLive, refreshMs, message } = frame
  const query = range === undefined ? '' : `?range=${range}`
  return (
    <Document title={`${PAGES[page]} · nearcache`}>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <TopBar frame={frame} />
      <main
        id="main"
        tabindex={-1}
        data-live={isLive ? `${page}${query}` : undefined}
        data-refresh={isLive ? refreshMs : undefined}
      >
        <div class="heading">
          <h1>{PAGES[page]}</h1>
          {range === undefined ? '' : <Ranges page={page} range={range} />}
        </div>
        <div id="offline" class="message bad" role="alert" hidden />
        {message ? (
          <div class={`message ${message.tone}`} role="status">
            {message.text}
          </div>
        ) : (
          ''
        )}
        {children}
      </main>
      <BottomBar frame={frame} />
    </Document>
  )
}

/** The document around a page, or around the form to log in. */
export function Document({
  title,
  children,
}: {
  readonly title: string
  readonly children?: Content
}): Html {
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>{title}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href={HREFS.style} />
        <script src={HREFS.charts} defer />
        <script src={HREFS.script} defer />
      </head>
      <body>{children}</body>
    </html>
  )
}

export function Brand(): Html {
  return (
    <span class="brand">
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true" focusable="false">
        <rect class="outer" x="1" y="1" width="18" height="18" rx="5" />
        <rect class="inner" x="6" y="6" width="8" height="8" rx="2" />
      </svg>
      nearcache
    </span>
  )
}

function TopBar({ frame }: { readonly frame: Frame }): Html {
  const { page, status, alertCount } = frame
  return (
    <header class="top" id="top" data-panel="top">
      <Brand />
      <nav aria-label="Pages">
        <ul>
          {Object.entries(PAGES).map(([name, title]) => (
            <li>
              <a id={`nav-${name}`} href={name} aria-current={name === page ? 'page' : undefined}>
                {title}
                {name === 'alerts' && alertCount > 0 ? (
                  <>
                    {' '}
                    <span class="badge">
                      {alertCount}
                      <span class="unseen"> active</span>
                    </span>
                  </>
                ) : (
                  ''
                )}
              </a>
            </li>
          ))}
        </ul>
      </nav>
      <span class="status">
        <span class="unseen">Status: </span>
        <Pill tone={STATUS_TONES[status]}>{status}</Pill>
      </span>
    </header>
  )
}

function Ranges({ page, range }: { readonly page: PageName; readonly range: Range }): Html {
  const names: readonly (readonly [Range, string])[] = [
    ['1h', 'Last hour'],
    ['24h', 'Last 24 hours'],
  ]
  return (
    <nav class="ranges" aria-label="Time range">
      {names.map(([name, title]) => (
        <a
          id={`range-${name}`}
          href={`${page}?range=${name}`}
          aria-current={name === range ? 'true' : undefined}
        >
          {title}
        </a>
      ))}
    </nav>
  )
}

function BottomBar({ frame }: { readonly frame: Frame }): Html {
  const { at, mayOperate, version, hasLogin, token, isLive } = frame
  return (
    <footer class="bottom">
      <p id="as-of" data-panel="as-of">
        As of <time datetime={isoTime(at)}>{dateTime(at)} UTC</time>
        {version === undefined ? '' : <span> · {version}</span>}
        {mayOperate ? '' : <span> · read-only</span>}
      </p>
      <div class="row">
        {isLive ? (
          <button type="button" id="pause" hidden>
            Pause
          </button>
        ) : (
          ''
        )}
        {hasLogin ? (
          <form method="post" action="logout" class="inline">
            <FormToken token={token} />
            <button type="submit" id="log-out">
              Log out
            </button>
          </form>
        ) : (
          ''
        )}
      </div>
    </footer>
  )
}
