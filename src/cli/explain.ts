/**
 * Error messages for arguments that cannot be parsed.
 *
 * @module
 */

import { suggest } from './suggest.ts'

/**
 * Says what is wrong with arguments that Node could not parse. Node's own message quotes an argument, which
 * may be a token in the wrong place.
 *
 * @param name The command.
 * @param options Names of its options, without dashes.
 */
export function explain(name: string, error: unknown, options: readonly string[]): string {
  const { code, message } = error as { readonly code?: string; readonly message: string }
  const see = `see: nearcache ${name} --help`
  if (code === 'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL') {
    return `unexpected argument; ${see}`
  }
  const option = /'(?:-\w, )?(--?[a-z-]+)/.exec(message)?.[1] ?? 'an option'
  if (code === 'ERR_PARSE_ARGS_UNKNOWN_OPTION') {
    if (!option.startsWith('--')) {
      return `unknown option ${option}; put -- before an argument that begins with "-"; ${see}`
    }
    const meant = suggest(option.slice(2), options)
    if (meant === undefined) return `unknown option ${option}; ${see}`
    return `unknown option ${option}; did you mean --${meant}? S${see.slice(1)}`
  }
  if (/does not take an argument/.test(message)) return `${option} takes no value; ${see}`
  return `${option} needs a value; if it begins with "-", write ${option}=VALUE`
}
