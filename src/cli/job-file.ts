/**
 * Loads warming jobs from a module of the user.
 *
 * @module
 */

import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { RedisCacheManager } from '../cache/manager.ts'
import { visible } from '../entry/visible.ts'
import type { WarmingJob } from '../warming/job.ts'
import { UsageError } from './usage-error.ts'

/**
 * The jobs that a module exports as `jobs`, or by default: a list, or a function of the cache that
 * returns one.
 *
 * @throws {UsageError} When the module exports none, or fails. The message quotes its error, as the module
 * is the user's own code.
 */
export async function loadJobs(
  file: string,
  folder: string,
  cache: RedisCacheManager,
): Promise<readonly WarmingJob[]> {
  const module = (await importFrom(resolve(folder, file))) as Readonly<Record<string, unknown>>
  const exported = module['jobs'] ?? module['default']
  const jobs = isFunction(exported) ? await call(exported, cache) : exported
  if (Array.isArray(jobs) && jobs.length > 0) return jobs
  throw new UsageError(
    '--jobs must name a module that exports jobs: a list, or a function that returns one',
  )
}

function isFunction(exported: unknown): exported is (cache: RedisCacheManager) => unknown {
  return typeof exported === 'function'
}

async function importFrom(path: string): Promise<unknown> {
  try {
    return await import(pathToFileURL(path).href)
  } catch (error) {
    const { code } = Object(error) as { readonly code?: string }
    const isMissing = code === 'ERR_MODULE_NOT_FOUND' || code === 'ENOENT'
    const reason = isMissing
      ? 'the file, or a module that it imports, does not exist'
      : firstLine(error)
    throw new UsageError(`--jobs: cannot load the module: ${reason}`)
  }
}

async function call(
  jobs: (cache: RedisCacheManager) => unknown,
  cache: RedisCacheManager,
): Promise<unknown> {
  try {
    return await jobs(cache)
  } catch (error) {
    throw new UsageError(`--jobs: the function that returns the jobs failed: ${firstLine(error)}`)
  }
}

/** The first line of an error, with control characters made visible. */
export function firstLine(error: unknown): string {
  return visible(String(error).split('\n', 1)[0] ?? '')
}
