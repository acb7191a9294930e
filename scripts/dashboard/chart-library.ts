/**
 * Makes a module of uPlot, so that the dashboard can serve it on hosts without files: as it is published,
 * but for the language of its numbers.
 *
 * @module
 */

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
/** Where each of its files is. */
const FILES = {
  notice: require.resolve('uplot/LICENSE'),
  script: require.resolve('uplot/dist/uPlot.iife.min.js'),
  style: require.resolve('uplot/dist/uPlot.min.css'),
}
/**
 * uPlot asks for the browser's language as it loads, and ends there where that is no language, as the `C` of
 * WebKitGTK on a machine that has no locale set. The pages are in English.
 */
const LANGUAGE = '_?k.language:"en-US"'

/** The script as it is served. @throws {Error} When uPlot does not ask for the language as expected. */
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
