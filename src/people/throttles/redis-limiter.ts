/** Counts in Redis, by the same rule as {@link ShardedLimiter} in the database. */
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { Limit } from '#src/base/limits.ts';
import { FIRST_WAIT_S } from './waits.ts';

/**
 * KEYS[1] holds how many have passed and when the next one may. ARGV: how many now (below 0: given back), length of the
 * window in seconds, how many pass at once. Answers how many have passed, at most the limit, or one more than that when
 * nobody may now; and the milliseconds until one may, or until the window ends.
 */
const script = `
local change, window, limit = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local points, open = string.match(redis.call('GET', KEYS[1]) or '0 0', '^(%d+) (%d+)$')
local left = redis.call('PTTL', KEYS[1])
points, open = tonumber(points), tonumber(open)
if change < 0 and left <= 0 then return {0, 0} end
if change >= 0 and open > now then return {limit + 1, math.min(open - now, left)} end
if left <= 0 then left = window * 1000 end
if change ~= 0 then
  points = math.max(0, points + change)
  open = 0
  if change > 0 and points >= limit then
    open = now + 1000 * math.min(${FIRST_WAIT_S} * 2 ^ (points - limit), math.ceil(window / 4))
  end
  redis.call('SET', KEYS[1], string.format('%.0f %.0f', points, open), 'PX', left)
end
return {math.min(points, limit), left}
`;

/** One limit in Redis. A key is a keyed hash in base64url. */
export function redisLimiter(redis: Redis, { points, duration }: Limit): RateLimiterRedis {
  return new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: 'lawang',
    points,
    duration,
    rejectIfRedisNotReady: true,
    customIncrTtlLuaScript: script,
  });
}
