/** How background work walks the shards: in ranges, so that several processes meet seldom and each step stays small. */
import { SHARDS } from '#src/base/secrets.ts';

/** All shards in consecutive ranges of `size`, beginning at a random one so that processes do not walk in step. */
export function shardRanges(size: number): number[][] {
  const ranges = Array.from({ length: Math.ceil(SHARDS / size) }, (_, range) =>
    Array.from({ length: Math.min(size, SHARDS - range * size) }, (_, shard) => range * size + shard),
  );
  const first = Math.floor(Math.random() * ranges.length);
  return [...ranges.slice(first), ...ranges.slice(0, first)];
}
