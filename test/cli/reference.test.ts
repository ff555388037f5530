import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { Database } from '#src/base/database.ts';
import { refusals } from '#src/base/refusals.ts';
import { settings } from '#src/base/settings.ts';
import { pages, printPages } from '#src/cli/reference.ts';
import { createDatabase, PATIENCE, type TestDatabase } from '#test/support/postgres.ts';

let home: TestDatabase;
let printed: Awaited<ReturnType<typeof printPages>>;

beforeAll(async () => {
  home = await createDatabase(inject('adminUrl'), { template: inject('emptyTemplate') });
  const database = new Database(home.url, PATIENCE);
  printed = await printPages(database);
  await database.close();
});

afterAll(() => home.drop());

test.each(Object.keys(pages) as (keyof typeof pages)[])(
  'docs/%s is what the code says; else: npx lawang docs --write',
  async (name) => {
    const path = fileURLToPath(new URL(`../../docs/${name}`, import.meta.url));
    expect(await readFile(path, 'utf8')).toBe(printed[name]);
  },
);

test('every setting, refusal and table is on its page', () => {
  for (const name of Object.keys(settings.shape)) expect(printed['configuration.md']).toContain(`| \`${name}\``);
  for (const code of Object.keys(refusals)) expect(printed['errors.md']).toContain(`\n## ${code}\n`);
  for (const table of ['accounts', 'clients', 'artifacts']) expect(printed['database.md']).toContain(`\n## ${table}\n`);
  expect(printed['privacy.md']).toContain('| `accounts.profile` |');
  expect(printed['privacy.md']).not.toContain('`accounts.shard`');
});
