/** `lawang partitions`: makes the months that come and drops those that are too old, where the server itself may not. */
import { readConfig } from '#src/base/config.ts';
import { keepMonths } from '#src/base/partitions.ts';
import { monthlyTables } from '#src/jobs/partitions.ts';
import type { Command } from './command.ts';
import { withUrls } from './open.ts';
import { toTable } from './text.ts';

export const keepPartitions: Command = {
  usage: '',
  summary:
    'make the months of releases and events that come, and drop those that are too old; may run beside the server',
  run: async ({ environment }) => {
    const config = readConfig(environment);
    const kept = await withUrls(config, ({ owner }) => keepMonths(owner, monthlyTables(config)));
    const rows = kept.map(({ table, made, dropped, moved, removed }) => [
      table,
      `${made.length} made`,
      `${dropped.length} dropped`,
      `${moved} rows moved`,
      `${removed} rows removed`,
    ]);
    return { data: kept, text: toTable(rows) };
  },
};
