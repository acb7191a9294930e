/**
 * `nearcache init`: writes the files of a project that deploys the Worker of this package.
 *
 * @module
 */

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { CliCommand } from '../command.ts'
import { type Call, command } from '../define.ts'
import { type ProjectFile, projectFiles } from '../project-files.ts'
import { UsageError } from '../usage-error.ts'

const ARGS = {
  name: {
    type: 'string',
    valueHint: 'NAME',
    default: 'nearcache',
    description: 'the name of the Worker',
  },
  yes: { type: 'boolean', description: 'write without asking' },
} as const

/** The command. */
export const initCommand: CliCommand = command({
  name: 'init',
  summary:
    'Write the files of a project that deploys the Worker: wrangler.jsonc, its entry, an example of its secrets.',
  args: ARGS,
  notes: [
    'Shows the files, asks first, and never overwrites an existing file.',
    'Without a terminal, it writes only with --yes.',
    'Exit code: 0 if all files exist now, 1 if not.',
  ],
  async run(call) {
    const { out, args, host } = call
    const folder = host.folder ?? '.'
    const files = projectFiles(nameOf(args.name))
    const isThere = ({ path, unless = [] }: ProjectFile): boolean =>
      [path, ...unless].some((one) => existsSync(join(folder, one)))
    const missing = files.filter((file) => !isThere(file))
    const kept = files.filter(isThere)
    if (!out.isJson) preview(call, missing, kept)
    const isAgreed = missing.length > 0 && (args.yes || (await ask(call, missing)))
    if (isAgreed) for (const file of missing) write(folder, file)
    const facts = {
      written: isAgreed ? missing.map(({ path }) => path) : [],
      missing: isAgreed ? [] : missing.map(({ path }) => path),
      kept: kept.map(({ path }) => path),
    }
    out.result(facts, () => endOf(facts))
    return facts.missing.length > 0 ? 1 : 0
  },
})

function nameOf(name: string): string {
  if (/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name
  throw new UsageError('--name must be 1 to 63 lower-case letters, digits and hyphens')
}

function preview(
  { host, out }: Call<typeof ARGS>,
  missing: readonly ProjectFile[],
  kept: readonly ProjectFile[],
): void {
  for (const { path, content } of missing) {
    host.print(out.paint('strong', `${path}:`))
    for (const line of content.trimEnd().split('\n')) host.print(`  ${line}`.trimEnd())
    host.print('')
  }
  for (const { path } of kept) {
    host.print(`${path} exists, in this or another format, and is not changed.`)
  }
  if (kept.length > 0)
    host.print('To see the files that init would write, run it in an empty folder.')
}

async function ask(
  { host, out }: Call<typeof ARGS>,
  missing: readonly ProjectFile[],
): Promise<boolean> {
  if (!host.terminal || out.isJson) return false
  return host.terminal.confirm(`Write ${missing.map(({ path }) => path).join(', ')}?`)
}

/** Fails if the file has been created since the check. */
function write(folder: string, { path, content }: ProjectFile): void {
  const whole = join(folder, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, content, { flag: 'wx' })
}

function endOf({
  written,
  missing,
}: {
  readonly written: readonly string[]
  readonly missing: readonly string[]
}): string[] {
  if (written.length > 0) {
    const told = `Written: ${written.join(', ')}.`
    // The steps are for a new configuration. An existing one names its database, or its owner knows how to.
    if (!written.includes('wrangler.jsonc')) return [told]
    return [
      told,
      'Next:',
      '  npm install --save-dev wrangler',
      '  npx wrangler d1 create nearcache    # put the id into wrangler.jsonc',
      '  npx wrangler d1 migrations apply DB --remote',
      '  npx wrangler deploy',
    ]
  }
  if (missing.length === 0) return ['Nothing to write: all files exist.']
  return ['Nothing was written. Add --yes to write them.']
}
