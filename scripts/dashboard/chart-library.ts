/**
 * Makes a module of uPlot as it is published, so that the dashboard can serve it on hosts without files.
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
/** Where the script is, for hosts with files. */
export const CHARTS_FILE: string = FILES.script

/** The text of src/dashboard/chart-library.ts. */
export function chartLibrary(): string {
  const read = (file: keyof typeof FILES): string => readFileSync(FILES[file], 'utf8')
  const notice = read('notice')
    .trim()
    .split('\n')
    .map((line) => ` * ${line}`.trimEnd())
    .join('\n')
  return `/**
 * uPlot as it is published, for the dashboard to serve. Written by \`npm run prepare\`.
 *
${notice}
 *
 * @module
 */

export const CHARTS_VERSION: string = ${JSON.stringify(version())}

export const CHARTS_SCRIPT: string = ${JSON.stringify(read('script'))}

export const CHARTS_STYLE: string = ${JSON.stringify(read('style'))}
`
}

function version(): string {
  return (require('uplot/package.json') as { readonly version: string }).version
}
