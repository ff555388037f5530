import { expect, test } from 'vitest';
import { shardRanges } from '#src/jobs/shards.ts';

test.each([1_024, 256, 1_000])('ranges of %i cover every shard once', (size) => {
  const shards = shardRanges(size).flat();
  expect(new Set(shards).size).toBe(4_096);
  expect(shards).toHaveLength(4_096);
});
