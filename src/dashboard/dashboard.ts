/**
 * The dashboard as a Hono app: its routes.
 *
 * @module
 */

import type { Hono } from 'hono'
import { newApp } from '../web/new-app.ts'
import * as actions from './actions.ts'
import { ASSETS, type Asset } from './assets.ts'
import { CHARTS } from './charts.ts'
import { PAGES, type PageName } from './layout.tsx'
import { type DashboardOptions, resolveOptions } from './options.ts'
import { Pages } from './pages.tsx'

/**
 * Builds the dashboard, to be mounted anywhere: `app.route('/dashboard', dashboard({ … }))`. Its links are
 * relative, so it does not need to know its own path.
 *
 * - Pages are `overview`, `namespaces`, `jobs`, `alerts` and `keys`; without a session they redirect to `login`.
 * - `snapshot.json` has the same figures for programs; `range` is `1h` or `24h`.
 * - Forms from another origin are refused with 403, and in the mode `read-only` also forms that change
 *   something. A form that is too long is read as empty.
 *
 * @throws {InvalidOptionError} When an option is missing, unknown or out of its range.
 */
export function dashboard(options: DashboardOptions): Hono {
  const app = dashboardPages(options)
  serve(app, CHARTS)
  return app
}

/**
 * Like {@link dashboard}, without `charts.js`, which is uPlot: for a host that serves this file as a static
 * file beside the pages, from `node_modules/nearcache/workers/assets/dashboard`. The bundle is 22 KB smaller.
 * If the file is not served, pages show their figures only as tables.
 *
 * @throws {InvalidOptionError} As {@link dashboard}.
 */
export function dashboardPages(options: DashboardOptions): Hono {
  const resolved = resolveOptions(options)
  const app = newApp()
  const pages = new Pages(resolved)
  for (const asset of ASSETS) serve(app, asset)
  app.get('/', (c) => pages.toOverview(c))
  // The path at which the app is mounted, with a slash at the end.
  app.get('/:end{$}', (c) => pages.toOverview(c))
  app.get('/login', (c) => pages.login(c, undefined))
  app.post('/login', (c) => pages.logIn(c))
  app.post('/logout', (c) => pages.logOut(c))
  for (const name of Object.keys(PAGES) as PageName[]) {
    app.get(`/${name}`, (c) => pages.show(c, name))
  }
  app.get('/snapshot.json', (c) => pages.json(c))
  app.post('/census', (c) => pages.submit(c, 'read', (fields) => pages.census(c, fields)))
  app.post('/inspect', (c) => pages.submit(c, 'read', (fields) => pages.inspect(c, fields)))
  app.post('/invalidate', (c) => pages.submit(c, 'read', (fields) => pages.invalidate(c, fields)))
  const changes = {
    '/delete-key': ['keys', actions.deleteKey],
    '/run-job': ['jobs', actions.runJob],
    '/resolve-alert': ['alerts', actions.resolveAlert],
  } as const
  for (const [path, [page, change]] of Object.entries(changes)) {
    app.post(path, (c) =>
      pages.submit(c, 'change', async (fields) =>
        pages.tell(c, page, await change(resolved, fields)),
      ),
    )
  }
  return app
}

function serve(app: Hono, { name, type, text }: Asset): void {
  app.get(`/${name}`, (c) =>
    c.body(text, 200, {
      'content-type': type,
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    }),
  )
}
