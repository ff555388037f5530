/**
 * Redis, where the limits count when there is one. It may be away at any time: what is asked of it then fails at once, and
 * it is tried again in the background. Its address has a password and is never written anywhere.
 */
import { Redis } from 'ioredis';
import type { Log } from './log.ts';

const CONNECT_MS = 1_000;
/** A person waits for it. */
const COMMAND_MS = 250;

const options = {
  lazyConnect: true,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  connectTimeout: CONNECT_MS,
  connectionName: 'lawang',
} as const;

/** Opens the connection in the background; the caller ends it with `disconnect`. */
export function openRedis(url: string, log: Log): Redis {
  const redis = new Redis(url, {
    ...options,
    commandTimeout: COMMAND_MS,
    retryStrategy: (times) => Math.min(times * 200, 2_000),
  });
  let isAway = false;
  const missIt = (err?: unknown) => {
    if (!isAway)
      log.warn(err === undefined ? {} : { err }, 'Redis does not answer: each process counts limits by itself');
    isAway = true;
  };
  redis.on('error', missIt);
  redis.on('reconnecting', () => missIt());
  redis.on('ready', () => {
    if (isAway) log.info('Redis answers again');
    isAway = false;
  });
  redis.connect().catch(() => undefined);
  return redis;
}

/** Asks whether it answers. @throws what stands in the way */
export async function pingRedis(url: string): Promise<void> {
  const redis = new Redis(url, { ...options, commandTimeout: CONNECT_MS, retryStrategy: () => null });
  let failure: unknown;
  redis.on('error', (error) => {
    failure ??= error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    throw failure ?? error;
  } finally {
    redis.disconnect();
  }
}
