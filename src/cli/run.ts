/**
 * Runs the command that was typed, and turns its outcome into an exit code.
 *
 * @module
 */

import type { CliCommand, ExitCode, Host } from './command.ts'
import { failureOf } from './failure.ts'
import { suggest } from './suggest.ts'

export type { ExitCode } from './command.ts'

interface Listed {
  readonly summary: string
  /** Loads the command on demand, so that a run does not load the others. */
  load(): Promise<CliCommand>
}

const GROUPS: Readonly<Record<string, Readonly<Record<string, Listed>>>> = {
  Monitoring: {
    status: {
      summary: 'show whether Redis answers, its version and its memory',
      load: async () => (await import('./commands/status.ts')).statusCommand,
    },
    health: {
      summary: 'report ok, degraded or down (exit code 0, 1 or 2)',
      load: async () => (await import('./commands/health.ts')).healthCommand,
    },
    stats: {
      summary: 'show hit rate, latency and errors; --watch repeats',
      load: async () => (await import('./commands/stats.ts')).statsCommand,
    },
    report: {
      summary: 'print a report on the last minutes, as Markdown',
      load: async () => (await import('./commands/report.ts')).reportCommand,
    },
    alerts: {
      summary: 'list active alerts, or resolve one',
      load: async () => (await import('./commands/alerts.ts')).alertsCommand,
    },
    doctor: {
      summary: 'check Redis and the connection to it, and advise what to fix',
      load: async () => (await import('./commands/doctor.ts')).doctorCommand,
    },
    bench: {
      summary: 'measure the speed of Redis through the cache',
      load: async () => (await import('./commands/bench.ts')).benchCommand,
    },
  },
  Keys: {
    get: {
      summary: 'print the value of a key, if it is fresh',
      load: async () => (await import('./commands/get.ts')).getCommand,
    },
    inspect: {
      summary: 'explain what a read of a key would do, and why',
      load: async () => (await import('./commands/inspect.ts')).inspectCommand,
    },
    del: {
      summary: 'delete keys',
      load: async () => (await import('./commands/del.ts')).delCommand,
    },
    tags: {
      summary: 'list the tags of a namespace',
      load: async () => (await import('./commands/tags.ts')).tagsCommand,
    },
    invalidate: {
      summary: 'invalidate by tag, by key pattern, or a whole namespace',
      load: async () => (await import('./commands/invalidate.ts')).invalidateCommand,
    },
    sessions: {
      summary: 'list or revoke the sessions of a user',
      load: async () => (await import('./commands/sessions.ts')).sessionsCommand,
    },
  },
  Maintenance: {
    warm: {
      summary: 'list the warming jobs, or run them',
      load: async () => (await import('./commands/warm.ts')).warmCommand,
    },
    sweep: {
      summary: 'find data that is no longer needed; --apply deletes it',
      load: async () => (await import('./commands/sweep.ts')).sweepCommand,
    },
    migrate: {
      summary: 'move the entries of another cache into this one',
      load: async () => (await import('./commands/migrate.ts')).migrateCommand,
    },
    bridge: {
      summary: 'serve any Redis over HTTP, as Upstash does',
      load: async () => (await import('./commands/bridge.ts')).bridgeCommand,
    },
    init: {
      summary: 'write the files of a project that deploys the Worker',
      load: async () => (await import('./commands/init.ts')).initCommand,
    },
  },
}

const COMMANDS: Readonly<Record<string, Listed>> = Object.assign({}, ...Object.values(GROUPS))

/** Runs the command that the arguments name. Never rejects. */
export async function run(words: readonly string[], host: Host): Promise<ExitCode> {
  const [name, ...rest] = words
  switch (name) {
    case undefined:
      return help([], host, 2)
    case '-h':
    case '--help':
    case 'help':
      return help(rest, host, 0)
    case '-v':
    case '--version': {
      const { packageVersion } = await import('./version.ts')
      host.print(packageVersion())
      return 0
    }
  }
  if (isTooOld(host.node)) {
    host.warn(`nearcache: Node ${NODE.join('.')} or later is required; this is Node ${host.node}`)
    return 2
  }
  const listed = listedAs(name)
  return listed ? runCommand(name, listed, rest, host) : refuse(name, host)
}

/** The minimum version, as in `engines` of package.json. */
const NODE = [22, 12] as const

function isTooOld(version: string | undefined): boolean {
  const [major = 0, minor = 0] = version?.split('.').map(Number) ?? NODE
  return major < NODE[0] || (major === NODE[0] && minor < NODE[1])
}

function listedAs(name: string): Listed | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
}

/** Prints the help of the command that is named, or else the overview. */
async function help([topic]: readonly string[], host: Host, code: ExitCode): Promise<ExitCode> {
  const listed = topic === undefined ? undefined : listedAs(topic)
  if (topic !== undefined && listed) return runCommand(topic, listed, ['--help'], host)
  for (const line of overview()) host.print(line)
  return code
}

/** The message does not quote the argument, which may be a secret in the wrong place. */
function refuse(name: string, host: Host): ExitCode {
  const near = suggest(name, Object.keys(COMMANDS))
  const hint = near === undefined ? '; see: ' : `; did you mean ${near}? See: `
  host.warn(`nearcache: unknown command${hint}nearcache --help`)
  return 2
}

async function runCommand(
  name: string,
  listed: Listed,
  words: readonly string[],
  host: Host,
): Promise<ExitCode> {
  try {
    const command = await listed.load()
    if (asksForHelp(words)) {
      host.print(await command.usage())
      return 0
    }
    return (await command.run(words, host)) ?? 0
  } catch (error) {
    const { code, told, failure } = failureOf(error)
    host.warn(`nearcache ${name}: ${told}`)
    if (words.includes('--json')) {
      // `--watch` prints one line per result; otherwise there is one indented document.
      const indent = words.includes('--watch') ? 0 : 2
      host.print(JSON.stringify({ command: name, error: failure }, null, indent))
    }
    return code
  }
}

/** Arguments after `--` are not options. */
function asksForHelp(words: readonly string[]): boolean {
  const end = words.indexOf('--')
  return words
    .slice(0, end < 0 ? words.length : end)
    .some((word) => word === '--help' || word === '-h')
}

function overview(): readonly string[] {
  const width = Math.max(...Object.keys(COMMANDS).map((name) => name.length)) + 2
  return [
    'nearcache COMMAND',
    ...Object.entries(GROUPS).flatMap(([title, commands]) => [
      '',
      title,
      ...Object.entries(commands).map(([name, { summary }]) => `  ${name.padEnd(width)}${summary}`),
    ]),
    '',
    'Run nearcache COMMAND --help for the options of a command. The Redis is given by --redis or --rest, or by',
    'UPSTASH_REDIS_REST_URL and _TOKEN, REDIS_HOST and related variables, or REDIS_URL.',
  ]
}
