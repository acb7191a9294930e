/**
 * Lets scripts written for Upstash run on a Redis that does not know the flag `allow-key-locking`.
 *
 * With `#!lua flags=allow-key-locking`, Upstash runs scripts with different keys in parallel. Other Redis
 * servers refuse the flag ("Unexpected flag in script shebang"), and so every script of `@upstash/ratelimit`.
 * Redis runs one script at a time anyway, so nothing is lost without the flag.
 *
 * @module
 */

import { sha1Hex } from '../redis/scripts/digest.ts'
import type { Answer } from './format.ts'
import type { Words } from './json.ts'
import type { Strings } from './strings.ts'

const FLAG = 'allow-key-locking'
const SHEBANG = /^#!lua flags=([a-z,-]+)(?=\n)/
/** More scripts than any client uses. The oldest is dropped, which costs one EVAL. */
const MAX_SCRIPTS = 1_000

/** Removes the flag from scripts. Clients keep using the hash of the original script. */
export class KeyLocking {
  readonly #strings: Strings
  /** From the hash of the original script to the hash of the script without the flag. */
  readonly #hashes = new Map<string, string>()

  constructor(strings: Strings) {
    this.#strings = strings
  }

  /** The command as Redis understands it; the same object if nothing changes. */
  toRedis(command: Words): Words {
    const [name, first = '', ...rest] = command
    switch (name.toUpperCase()) {
      case 'EVAL':
      case 'EVAL_RO': {
        const script = this.#withoutFlag(first)
        return script === first ? command : [name, script, ...rest]
      }
      case 'EVALSHA':
      case 'EVALSHA_RO':
        return this.#hashes.size === 0 ? command : [name, this.#known(first), ...rest]
      case 'SCRIPT':
        return this.#toScriptCommand(command)
      default:
        return command
    }
  }

  /** The answer as the client expects it: for SCRIPT LOAD, the hash of the original script. */
  fromRedis(command: Words, answer: Answer): Answer {
    const [name, subcommand = '', script = ''] = command
    if (!isLoad(name, subcommand) || typeof answer.result !== 'string') return answer
    return SHEBANG.test(script) ? { result: this.#hash(script) } : answer
  }

  #toScriptCommand(command: Words): Words {
    const [name, subcommand = '', ...rest] = command
    if (isLoad(name, subcommand)) {
      return [name, subcommand, ...rest.map((script) => this.#withoutFlag(script))]
    }
    if (!/^exists$/i.test(subcommand)) return command
    return [name, subcommand, ...rest.map((hash) => this.#known(hash))]
  }

  #withoutFlag(script: string): string {
    const flags = SHEBANG.exec(script)?.[1]?.split(',')
    if (!flags?.includes(FLAG)) return script
    const others = flags.filter((flag) => flag !== FLAG)
    // An empty first line keeps the line numbers of error messages, and works with Redis before 7 too.
    const first = others.length === 0 ? '' : `#!lua flags=${others.join(',')}`
    const stripped = script.replace(SHEBANG, first)
    this.#remember(this.#hash(script), this.#hash(stripped))
    return stripped
  }

  #remember(came: string, sent: string): void {
    this.#hashes.delete(came)
    this.#hashes.set(came, sent)
    if (this.#hashes.size <= MAX_SCRIPTS) return
    for (const oldest of this.#hashes.keys()) {
      this.#hashes.delete(oldest)
      return
    }
  }

  #known(hash: string): string {
    return this.#hashes.get(hash.toLowerCase()) ?? hash
  }

  #hash(script: string): string {
    return sha1Hex(this.#strings.toBytes(script))
  }
}

function isLoad(name: string, subcommand: string): boolean {
  return name.toUpperCase() === 'SCRIPT' && /^load$/i.test(subcommand)
}
