/**
 * Types of what components return: markup in which all other text is escaped.
 *
 * @module
 */

import type { Child } from 'hono/jsx'
import type { HtmlEscapedString } from 'hono/utils/html'

/** Rendered markup. */
export type Html = HtmlEscapedString | Promise<HtmlEscapedString>

/** The content of a component. */
export type Content = Child
