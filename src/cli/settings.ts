/** `lawang config`: the settings in force, and whether they are right. */
import { listEffective, readConfig } from '#src/base/config.ts';
import type { Command } from './command.ts';
import { toTable } from './text.ts';

export const showConfig: Command = {
  usage: '',
  summary: 'print the settings in force; secrets stay hidden',
  run: async ({ environment }) => {
    const effective = listEffective(readConfig(environment));
    return { data: effective, text: toTable(Object.entries(effective)) };
  },
};

export const checkConfig: Command = {
  usage: '',
  summary: 'report every mistake in the settings',
  run: async ({ environment }) => {
    const { mode } = readConfig(environment);
    return { data: { ok: true, mode }, text: `The settings are right (${mode}).` };
  },
};
