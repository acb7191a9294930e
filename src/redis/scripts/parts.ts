/**
 * Lua code that the scripts of the cache protocol share.
 *
 * @module
 */

/** Server time in microseconds, as 16 digits. */
export const CLOCK = `
local time = redis.call('TIME')
local now = time[1] .. string.format('%06d', time[2])
`

/**
 * Appends the markers `KEYS[first..]` to `out`. Creates a marker that is missing or invalid. One with less than half
 * of `life` left is prolonged to `life`: it may have been created for entries that live less long.
 */
export const MARKERS = `
local function markers(out, first, nonce, life)
  for i = first, #KEYS do
    local marker = redis.call('GET', KEYS[i])
    if not marker or #marker >= 130 or not string.match(marker, '^[%w_-]+%-%d+%.[%w_-]+$') then
      marker = nonce .. '-' .. now .. '.0'
      redis.call('SET', KEYS[i], marker, 'PX', life)
    elseif redis.call('PTTL', KEYS[i]) < life / 2 then
      redis.call('PEXPIRE', KEYS[i], life)
    end
    out[#out + 1] = marker
  end
  return out
end
`
