/**
 * Finds the command that was typed, and turns what becomes of it into an exit code.
 *
 * @module
 */

import type { CliCommand, ExitCode, Host } from './command.ts'
import { failureOf } from './failure.ts'
import { suggest } from './suggest.ts'

export type { ExitCode } from './command.ts'

interface Listed {
  readonly summary: string
  /** Loaded when it is asked for, so that the others cost nothing. */
  load(): Promise<CliCommand>
}

const GROUPS: Readonly<Record<string, Readonly<Record<string, Listed>>>> = {
  Look: {
    status: {
      summary: 'whether Redis answers, and what it is',
      load: async () => (await import('./commands/status.ts')).statusCommand,
    },
    health: {
      summary: 'ok, degraded or down: exit code 0, 1 or 2',
      load: async () => (await import('./commands/health.ts')).healthCommand,
    },
    stats: {
      summary: 'hit rate, latency and errors; --watch goes on',
      load: async () => (await import('./commands/stats.ts')).statsCommand,
    },
    report: {
      summary: 'a report on the last minutes, as Markdown',
      load: async () => (await import('./commands/report.ts')).reportCommand,
    },
    alerts: {
      summary: 'the alerts there are, and their end by hand',
      load: async () => (await import('./commands/alerts.ts')).alertsCommand,
    },
    doctor: {
      summary: 'examines Redis and the way to it, and says what to do',
      load: async () => (await import('./commands/doctor.ts')).doctorCommand,
    },
    bench: {
      summary: 'measures this Redis through the cache',
      load: async () => (await import('./commands/bench.ts')).benchCommand,
    },
  },
  Keys: {
    get: {
      summary: 'the fresh value of a key',
      load: async () => (await import('./commands/get.ts')).getCommand,
    },
    inspect: {
      summary: 'what a read of a key would do, and why',
      load: async () => (await import('./commands/inspect.ts')).inspectCommand,
    },
    del: {
      summary: 'deletes keys',
      load: async () => (await import('./commands/del.ts')).delCommand,
    },
    tags: {
      summary: 'lists the tags of a namespace',
      load: async () => (await import('./commands/tags.ts')).tagsCommand,
    },
    invalidate: {
      summary: 'invalidates tags, keys by a pattern, or a namespace',
      load: async () => (await import('./commands/invalidate.ts')).invalidateCommand,
    },
    sessions: {
      summary: "a user's sessions, and their end",
      load: async () => (await import('./commands/sessions.ts')).sessionsCommand,
    },
  },
  Work: {
    warm: {
      summary: 'the warming jobs, and running them',
      load: async () => (await import('./commands/warm.ts')).warmCommand,
    },
    sweep: {
      summary: 'finds, and with --apply drops, what nothing needs any more',
      load: async () => (await import('./commands/sweep.ts')).sweepCommand,
    },
    migrate: {
      summary: 'moves the entries of another cache in',
      load: async () => (await import('./commands/migrate.ts')).migrateCommand,
    },
    bridge: {
      summary: 'serves any Redis over HTTP as Upstash does',
      load: async () => (await import('./commands/bridge.ts')).bridgeCommand,
    },
    init: {
      summary: 'writes what a Worker of its own needs',
      load: async () => (await import('./commands/init.ts')).initCommand,
    },
  },
}

const COMMANDS: Readonly<Record<string, Listed>> = Object.assign({}, ...Object.values(GROUPS))

/** Runs what the words ask for; never rejects. */
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
    host.warn(`nearcache: this is Node ${host.node}; ${NODE.join('.')} or later is needed`)
    return 2
  }
  const listed = listedAs(name)
  return listed ? runCommand(name, listed, rest, host) : refuse(name, host)
}

/** What `engines` in package.json says. */
const NODE = [22, 12] as const

function isTooOld(version: string | undefined): boolean {
  const [major = 0, minor = 0] = version?.split('.').map(Number) ?? NODE
  return major < NODE[0] || (major === NODE[0] && minor < NODE[1])
}

function listedAs(name: string): Listed | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
}

/** Of a command, if one is named. */
async function help([topic]: readonly string[], host: Host, code: ExitCode): Promise<ExitCode> {
  const listed = topic === undefined ? undefined : listedAs(topic)
  if (topic !== undefined && listed) return runCommand(topic, listed, ['--help'], host)
  for (const line of overview()) host.print(line)
  return code
}

/** Does not quote what was typed: it may be a secret in the wrong place. */
function refuse(name: string, host: Host): ExitCode {
  const near = suggest(name, Object.keys(COMMANDS))
  const hint = near === undefined ? '; see: ' : `; did you mean ${near}? See: `
  host.warn(`nearcache: there is no such command${hint}nearcache --help`)
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
      // One document, or one of many lines.
      const indent = words.includes('--watch') ? 0 : 2
      host.print(JSON.stringify({ command: name, error: failure }, null, indent))
    }
    return code
  }
}

/** What comes after `--` is no option. */
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
    'nearcache COMMAND --help tells more. Redis is found as nearcache/startup finds it: by',
    'UPSTASH_REDIS_REST_URL and _TOKEN, REDIS_HOST and its like, or REDIS_URL; or give --redis or --rest.',
  ]
}
