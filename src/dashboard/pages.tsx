/**
 * Answers requests for pages and forms: checks access, gathers the data, renders the page.
 *
 * @module
 */

import type { Context } from 'hono'
import { getCookie } from 'hono/cookie'
import type { Census } from '../cache/census.ts'
import { readAtMost } from '../entry/bounded-bytes.ts'
import { hasBearer } from '../web/bearer.ts'
import { type Problem, problemResponse } from '../web/problem.ts'
import * as actions from './actions.ts'
import { Admission } from './admission.ts'
import { AlertsPage } from './alerts-page.tsx'
import { type Range, rangeIn } from './figures.ts'
import { dropCookie, formToken, isOwnForm, putCookie } from './form-token.ts'
import type { Html } from './html.ts'
import { JobsPage } from './jobs-page.tsx'
import { type Counted, type Inspected, KeysPage } from './keys-page.tsx'
import { type Frame, type Message, Page, type PageName } from './layout.tsx'
import { LoginPage } from './login.tsx'
import { NamespacesPage } from './namespaces-page.tsx'
import type { ResolvedOptions } from './options.ts'
import { OverviewPage } from './overview-page.tsx'
import { isThere, type Snapshot, Snapshots } from './snapshot.ts'
import { snapshotJson } from './snapshot-json.ts'

/** Enough for the longest key in the longest encoding of a form. */
const MAX_FORM_BYTES = 262_144
const SESSION_COOKIE = 'nearcache-dashboard'
/** Sent by the script of an open page, which must not be redirected to the log-in form. */
const LIVE_HEADER = 'x-nearcache-live'
const RANGED: ReadonlySet<PageName> = new Set(['overview', 'namespaces'])

/** A page may load scripts and styles only from this app, and send requests only to it. */
const HEADERS: Readonly<Record<string, string>> = {
  'content-security-policy': [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'cache-control': 'no-store',
  'cross-origin-opener-policy': 'same-origin',
  // With `no-referrer`, browsers send `Origin: null` with forms, and the origin check would fail.
  'referrer-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

/** What a page shows besides the snapshot. */
interface Extras {
  readonly range?: Range | undefined
  readonly message?: Message | undefined
  readonly inspected?: Inspected
  readonly counted?: Counted
  readonly namespace?: string
  /** The fields of the form that the page answers. */
  readonly fields?: actions.Fields
  /** Whether the page answers a form, and so does not update itself. */
  readonly isAnswer?: boolean
}

/** The pages of one dashboard. */
export class Pages {
  readonly #options: ResolvedOptions
  readonly #admission: Admission
  readonly #snapshots: Snapshots
  #census: Census | undefined

  constructor(options: ResolvedOptions) {
    const { authenticate, platform, sessionMs } = options
    this.#options = options
    this.#admission = new Admission(authenticate, platform, sessionMs)
    this.#snapshots = new Snapshots(options)
  }

  /** Redirects relative to the last part of the address, which has no slash at the end of the mount path. */
  toOverview(c: Context): Response {
    const [last = ''] = new URL(c.req.url).pathname.split('/').slice(-1)
    return c.redirect(last === '' ? 'overview' : `${last}/overview`, 302)
  }

  login(c: Context, complaint: string | undefined, status: 200 | 401 = 200): Promise<Response> {
    if (!this.#admission.hasLogin) return Promise.resolve(refuse(UNKNOWN_CALLER))
    return render(c, <LoginPage token={formToken(c)} complaint={complaint} />, status)
  }

  async logIn(c: Context): Promise<Response> {
    const fields = await fieldsOf(c)
    if (!(await isOwnForm(c, actions.textIn(fields, 'form-token')))) return refuse(FOREIGN_FORM)
    const opened = await this.#admission.logIn(actions.textIn(fields, 'token'))
    if (!opened) return this.login(c, 'The token is wrong.', 401)
    putCookie(c, SESSION_COOKIE, opened.session, opened.maxAge)
    return c.redirect('overview', 303)
  }

  async logOut(c: Context): Promise<Response> {
    const fields = await fieldsOf(c)
    if (!(await isOwnForm(c, actions.textIn(fields, 'form-token')))) return refuse(FOREIGN_FORM)
    dropCookie(c, SESSION_COOKIE)
    return c.redirect('login', 303)
  }

  async show(c: Context, page: PageName): Promise<Response> {
    if (!(await this.#admit(c))) return this.#turnAway(c)
    const told = c.req.query('told') ?? ''
    const message = isTold(told) ? actions.MESSAGES[told] : undefined
    return this.#page(c, page, { message, range: rangeIn(c.req.query('range')) })
  }

  async json(c: Context): Promise<Response> {
    if (!(await this.#admit(c))) return refuse(UNKNOWN_CALLER)
    const range = rangeIn(c.req.query('range'))
    if (range === undefined) return refuse(UNKNOWN_RANGE)
    const snapshot = await this.#snapshots.read()
    const { pricePer100k } = this.#options
    return c.json(snapshotJson(snapshot, range, pricePer100k), 200, { 'cache-control': 'no-store' })
  }

  /** Handles a submitted form: checks access, origin, and whether changes are allowed, and then acts. */
  async submit(
    c: Context,
    kind: 'read' | 'change',
    act: (fields: actions.Fields) => Promise<Response>,
  ): Promise<Response> {
    const admitted = await this.#admit(c)
    if (!admitted) return isPage(c) ? this.#turnAway(c, LOST_FORM) : refuse(UNKNOWN_CALLER)
    const fields = await fieldsOf(c)
    const isOwn = admitted === 'bearer' || isOwnForm(c, actions.textIn(fields, 'form-token'))
    if (!(await isOwn)) return refuse(FOREIGN_FORM)
    if (kind === 'change' && !this.#options.mayOperate) return refuse(READ_ONLY)
    try {
      return await act(fields)
    } catch (error) {
      if (!actions.isMistake(error)) throw error
      const message = { tone: 'bad', text: `${error.message}.` } as const
      const namespace = actions.textIn(fields, 'namespace')
      return this.#page(c, 'keys', { message, namespace, fields, isAnswer: true }, 400)
    }
  }

  /** Redirects to a page that shows the outcome of a form. */
  tell(c: Context, page: PageName, told: actions.Told): Response {
    this.#snapshots.forget()
    return c.redirect(`${page}?told=${told}`, 303)
  }

  async census(c: Context, fields: actions.Fields): Promise<Response> {
    const census = await actions.count(this.#options)
    if (census) this.#census = census
    const message = census ? undefined : actions.MESSAGES.away
    const range = rangeIn(actions.textIn(fields, 'range'))
    return this.#page(c, 'namespaces', { message, range, isAnswer: true })
  }

  async inspect(c: Context, fields: actions.Fields): Promise<Response> {
    const inspected = await actions.inspect(this.#options, fields)
    const { namespace } = inspected
    return this.#page(c, 'keys', { inspected, namespace, fields, isAnswer: true })
  }

  async invalidate(c: Context, fields: actions.Fields): Promise<Response> {
    const isCount = fields['do'] !== 'invalidate'
    if (!isCount) {
      if (!this.#options.mayOperate) return refuse(READ_ONLY)
      const told = await actions.invalidate(this.#options, fields)
      if (told !== 'away') return this.tell(c, 'keys', told)
    }
    const counted = isCount ? await actions.countTagged(this.#options, fields) : undefined
    const namespace = actions.textIn(fields, 'namespace')
    const answer = counted ? { counted } : { message: actions.MESSAGES.away }
    return this.#page(c, 'keys', { ...answer, namespace, fields, isAnswer: true })
  }

  #admit(c: Context): ReturnType<Admission['admit']> {
    return this.#admission.admit(c.req.raw, getCookie(c, SESSION_COOKIE))
  }

  #turnAway(c: Context, complaint?: string): Response | Promise<Response> {
    const isWrong = hasBearer(c.req.raw.headers)
    const isLive = c.req.header(LIVE_HEADER) !== undefined
    if (!this.#admission.hasLogin || isWrong || isLive) return refuse(UNKNOWN_CALLER)
    return complaint ? this.login(c, complaint, 401) : c.redirect('login', 303)
  }

  async #page(
    c: Context,
    page: PageName,
    extras: Extras,
    status: 200 | 400 = 200,
  ): Promise<Response> {
    const snapshot = await this.#snapshots.read()
    const token = formToken(c)
    const { refreshMs, mayOperate, version } = this.#options
    const { range = '1h', message, isAnswer = false } = extras
    const frame: Frame = {
      page,
      token,
      refreshMs,
      mayOperate,
      version,
      message,
      at: snapshot.at,
      status: snapshot.health.status,
      alertCount: snapshot.alerts.length,
      hasLogin: this.#admission.hasLogin,
      isLive: !isAnswer && page !== 'keys',
      ...(RANGED.has(page) && { range }),
    }
    const content = this.#content(page, snapshot, { ...extras, range }, token)
    return render(c, <Page frame={frame}>{content}</Page>, status)
  }

  #content(
    page: PageName,
    snapshot: Snapshot,
    extras: Extras & { readonly range: Range },
    token: string,
  ): Html {
    const { mayOperate, showsValues, pricePer100k, version } = this.#options
    const { range, fields = {} } = extras
    switch (page) {
      case 'overview':
        return <OverviewPage {...{ snapshot, range, pricePer100k, version }} />
      case 'namespaces':
        return <NamespacesPage {...{ snapshot, range, token }} census={this.#census} />
      case 'jobs':
        return <JobsPage {...{ snapshot, mayOperate, token }} />
      case 'alerts':
        return <AlertsPage {...{ snapshot, mayOperate, token }} />
      case 'keys':
        return (
          <KeysPage
            {...{ mayOperate, showsValues, token }}
            at={snapshot.at}
            namespaces={this.#namespaces(snapshot)}
            namespace={extras.namespace || this.#options.cache.path}
            typed={actions.textIn(fields, 'key')}
            tags={extras.counted?.tags.join('\n') ?? actions.textIn(fields, 'tags')}
            inspected={extras.inspected}
            counted={extras.counted}
          />
        )
    }
  }

  /** The paths of namespaces with figures in the last day. The cache's own path is the first. */
  #namespaces({ timeline }: Snapshot): readonly string[] {
    const { path } = this.#options.cache
    const hours = isThere(timeline) ? timeline.hours : []
    const paths = new Set([path, ...hours.flatMap(({ figures }) => [...figures.keys()])])
    return [...paths].filter((one) => one === path || one.startsWith(`${path}/`))
  }
}

const UNKNOWN_CALLER: Problem = { status: 401, title: 'Log in, or send the token' }
const UNKNOWN_RANGE: Problem = { status: 400, title: 'range must be 1h or 24h' }
const FOREIGN_FORM: Problem = {
  status: 403,
  title: 'The form was not sent by this dashboard',
  detail: 'Reload the page and send the form again.',
}
const LOST_FORM =
  'Nothing was changed, because you are not logged in. Log in and send the form again.'
const READ_ONLY: Problem = { status: 403, title: 'The dashboard is read-only' }

function refuse(problem: Problem): Response {
  return problemResponse(problem, { 'cache-control': 'no-store' })
}

function isTold(text: string): text is actions.Told {
  return Object.hasOwn(actions.MESSAGES, text)
}

/** Whether the request is from a browser, which gets a page instead of JSON. */
function isPage(c: Context): boolean {
  return c.req.header('accept')?.includes('text/html') === true
}

async function fieldsOf({ req: { raw } }: Context): Promise<actions.Fields> {
  // Anybody can send a log-in form, with a body of any length.
  const { bytes, isWhole } = await readAtMost(raw.body, MAX_FORM_BYTES)
  if (!isWhole) return {}
  const headers = { 'content-type': raw.headers.get('content-type') ?? '' }
  try {
    return Object.fromEntries(await new Response(bytes, { headers }).formData())
  } catch {
    // TypeError: the body cannot be parsed, and is read as an empty form.
    return {}
  }
}

async function render(c: Context, page: Html, status: 200 | 400 | 401): Promise<Response> {
  return c.html(`<!doctype html>${await page}`, status, { ...HEADERS })
}
