/**
 * `/login`: the page on which users log in and see their devices.
 *
 * @module
 */

import type { Hono } from 'hono'
import { DEMO, isLocal } from '../authenticate.ts'
import type { Sessions } from '../compose.ts'
import { newApp } from '../new-app.ts'
import { devicesPage } from '../pages/devices-page.ts'

/** Builds the route. The demo account is shown only on localhost, where it works. */
export function loginRoutes({ isDemo }: Pick<Sessions, 'isDemo'>): Hono {
  return newApp().get('/', (c) => devicesPage(isDemo && isLocal(c.req.url) ? DEMO : undefined))
}
