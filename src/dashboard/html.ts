/**
 * What components return: text in which everything that came from elsewhere is escaped.
 *
 * @module
 */

import type { Child } from 'hono/jsx'
import type { HtmlEscapedString } from 'hono/utils/html'

/** Rendered markup. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/** What may stand inside a component. */
export type Content = Child
