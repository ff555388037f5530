import pg from 'pg';
import { expect, inject, test } from 'vitest';
import { createDatabase, prepareTemplate } from './postgres.ts';

async function query(url: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

test('databases made from one template do not see each other', async () => {
  const adminUrl = inject('adminUrl');
  const template = await prepareTemplate(adminUrl, async (url) => {
    await query(url, 'CREATE TABLE gates (name text)');
  });
  const [one, other] = await Promise.all([
    createDatabase(adminUrl, { template }),
    createDatabase(adminUrl, { template }),
  ]);

  await query(one.url, "INSERT INTO gates VALUES ('north')");

  expect(await query(one.url, 'SELECT name FROM gates')).toEqual([{ name: 'north' }]);
  expect(await query(other.url, 'SELECT name FROM gates')).toEqual([]);
  await Promise.all([one.drop(), other.drop()]);
  await expect(query(one.url, 'SELECT 1')).rejects.toMatchObject({ code: '3D000' });
});
