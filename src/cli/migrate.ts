/** `lawang migrate`: the schema of the database. */
import { readConfig } from '#src/base/config.ts';
import { listMigrations, migrate } from '#src/base/migrations.ts';
import type { Command } from './command.ts';
import { withUrls } from './open.ts';
import { toTable } from './text.ts';

export const runMigrations: Command = {
  usage: '',
  summary: 'bring the schema up to date; several at once are safe',
  run: async ({ environment }) => {
    const config = readConfig(environment);
    const ran = await withUrls(config, ({ owner }) => migrate(owner, config));
    const text = ran.length === 0 ? 'The schema is up to date.' : `Ran ${ran.join(', ')}.`;
    return { data: { ran }, text };
  },
};

export const showMigrations: Command = {
  usage: '',
  summary: 'list the migrations and whether the database has them',
  run: async ({ environment }) => {
    const states = await withUrls(readConfig(environment), ({ owner }) => listMigrations(owner));
    return { data: states, text: toTable(states.map(({ name, done }) => [done ? 'done' : 'missing', name])) };
  },
};
