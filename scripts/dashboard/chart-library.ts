/**
 * Turns uPlot into a module, so that the dashboard can serve it on hosts without files. Only the language of
 * its numbers is changed.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
/** The files of uPlot. */
const FILES = {
  notice: require.resolve('uplot/LICENSE'),
  script: require.resolve('uplot/dist/uPlot.iife.min.js'),
  style: require.resolve('uplot/dist/uPlot.min.css'),
}
/**
 * uPlot reads the browser's language when it loads, and fails if that is not a language, such as the `C` of
 * WebKitGTK on a machine without a locale. The pages are in English.
 */
const LANGUAGE = '_?k.language:"en-US"'

/** The script to serve. @throws {Error} When uPlot does not read the language as expected. */
export function chartsScript(): string {
  const script = readFileSync(FILES.script, 'utf8')
  if (script.split(LANGUAGE).length !== 2) throw new Error('uPlot asks for the language otherwise')
  return script.replace(LANGUAGE, '"en-US"')
}

/** The text of src/dashboard/chart-library.ts. */
export function chartLibrary(): string {
  const read = (file: keyof typeof FILES): string => readFileSync(FILES[file], 'utf8')
  const notice = read('notice')
    .trim()
    .split('\n')
    .map((line) => ` * ${line}`.trimEnd())
    .join('\n')
  return `/**
 * uPlot with its numbers in English, for the dashboard to serve. Written by \`npm run prepare\`.
 *
${notice}
 *
 * @module
 */

export const CHARTS_VERSION: string = ${JSON.stringify(version())}

export const CHARTS_SCRIPT: string = ${JSON.stringify(chartsScript())}

export const CHARTS_STYLE: string = ${JSON.stringify(read('style'))}
`
}

function version(): string {
  return (require('uplot/package.json') as { readonly version: string }).version
}
