/**
 * The error replies of the engine, in the words of Redis 7.0.
 *
 * @module
 */

/**
 * An error reply. The message is the whole reply, including its prefix.
 *
 * A script twin throws it to return an error, as `redis.error_reply` does in Lua.
 */
export class CommandError extends Error {
  override readonly name: string = 'CommandError'
}

export function syntaxError(): CommandError {
  return new CommandError('ERR syntax error')
}

export function wrongType(): CommandError {
  return new CommandError('WRONGTYPE Operation against a key holding the wrong kind of value')
}

export function notAnInteger(): CommandError {
  return new CommandError('ERR value is not an integer or out of range')
}

export function notAFloat(): CommandError {
  return new CommandError('ERR value is not a valid float')
}

export function mustBePositive(): CommandError {
  return new CommandError('ERR value is out of range, must be positive')
}

export function noSuchKey(): CommandError {
  return new CommandError('ERR no such key')
}

export function invalidExpireTime(command: string): CommandError {
  return new CommandError(`ERR invalid expire time in '${command.toLowerCase()}' command`)
}

export function wrongArity(command: string): CommandError {
  return new CommandError(`ERR wrong number of arguments for '${command.toLowerCase()}' command`)
}

export function unknownSubcommand(command: string, subcommand: string): CommandError {
  return new CommandError(
    `ERR unknown subcommand '${subcommand.slice(0, 128)}'. Try ${command} HELP.`,
  )
}

/** The reply to an unknown command, which quotes the first arguments as Redis does. */
export function unknownCommand(args: readonly string[]): CommandError {
  const [name = '', ...rest] = args
  let quoted = ''
  for (const arg of rest) {
    if (quoted.length >= 128) break
    quoted += `'${arg.slice(0, 128 - quoted.length)}' `
  }
  const text = `ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${quoted}`
  // An error reply is one line of the protocol.
  return new CommandError(text.replaceAll(/[\r\n]/g, ' '))
}
