import { env } from 'cloudflare:workers'
import { expect, test } from 'vitest'
import { realtimeOf } from '../../../workers/realtime.ts'

test('an object left behind by a removed REALTIME_APPS says that the variable is missing', () => {
  expect(() => realtimeOf({ ...env, REALTIME_APPS: '' })).toThrow('REALTIME_APPS must be set')
})
