/** A list of apps as a file, by the API: sent, checked, looked at, applied; and whatever else somebody sends. */
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { parse } from 'csv-parse/sync';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findRecordByKey } from '#src/registry/inventory.ts';
import { workOnImport } from '#src/registry/inventory-import-work.ts';
import { type ApiAnswer, type ApiClient, openApi } from '#test/support/api.ts';
import { exchange } from '#test/support/browser-agent.ts';
import { formulas, hostileFiles } from '#test/support/hostile-csv.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let api: ApiClient;
let imports: string;

beforeAll(async () => {
  world = await openWorld();
  api = await openApi(world);
  imports = `/agencies/${api.agencyId}/inventory/imports`;
});
afterAll(() => world?.[Symbol.asyncDispose]());

async function send(content: string | Buffer, headers: Record<string, string> = {}, query = ''): Promise<ApiAnswer> {
  const address = `${world.issuer}/api/v1${imports}${query}`;
  const answer = await exchange(address, {
    method: 'POST',
    headers: {
      'content-type': 'text/csv',
      authorization: `DPoP ${api.token}`,
      dpop: await api.key.prove('POST', address, api.token),
      ...headers,
    },
    body: Buffer.from(content as string),
  });
  return { ...answer, json: JSON.parse(answer.body) };
}

/** Does what the job of the server does. */
async function work(): Promise<void> {
  while (await workOnImport(world.database));
}

const placeOf = ({ json }: ApiAnswer) => `/inventory/imports/${json.id}`;
const mistakesOf = async (place: string, headers = {}) =>
  (await api.get(`${place}/mistakes?limit=200`, { headers })).json.items as Record<string, unknown>[];

const file = `\ufeffkunci;nama;alamat;pengguna
A-1;"Simpus; daring";simpus.contoh.go.id;1.200
A-2;;https://x/;banyak
A-3;Antrean;;
`;

test('a file is checked first, with what is wrong in each row, and changes something only when it is applied', async () => {
  const sent = await send(file, {}, '?name=daftar.csv');
  expect([sent.status, sent.json.status, sent.json.file_name]).toEqual([202, 'waiting', 'daftar.csv']);
  expect(sent.headers.get('location')).toBe(`${world.issuer}/api/v1${placeOf(sent)}`);
  await work();
  const checked = await api.get(placeOf(sent));
  expect(checked.json).toMatchObject({ status: 'checked', rows_total: 3, created: 2, refused: 1 });
  const mistakes = await mistakesOf(placeOf(sent), { 'accept-language': 'en' });
  expect(mistakes.map(({ row, field, code }) => [row, field, code])).toEqual(
    expect.arrayContaining([
      [3, 'name', 'missing'],
      [3, 'users', 'number_unfit'],
    ]),
  );
  expect(mistakes.find(({ code }) => code === 'number_unfit')?.todo).toMatch(/whole number/);
  expect(await findRecordByKey(world.database, api.agencyId, 'A-1')).toBeUndefined();
  const applying = await api.post(`${placeOf(sent)}/apply`, undefined);
  expect([applying.status, applying.json.status]).toEqual([202, 'applying']);
  await work();
  expect((await api.get(placeOf(sent))).json).toMatchObject({ status: 'applied', created: 2, refused: 1 });
  expect(await findRecordByKey(world.database, api.agencyId, 'A-1')).toMatchObject({
    name: 'Simpus; daring',
    users: 1200,
  });
  const late = await api.post(`${placeOf(sent)}/apply`, undefined);
  expect([late.status, late.json.code]).toEqual([409, 'import_not_ready']);
});

test('the same file again would change nothing, and one that is given up leaves nothing', async () => {
  const sent = await send(file);
  await work();
  expect((await api.get(placeOf(sent))).json).toMatchObject({ created: 0, updated: 0, unchanged: 2, refused: 1 });
  expect((await api.delete(placeOf(sent))).status).toBe(204);
  expect((await api.get(placeOf(sent))).json.status).toBe('given-up');
  const kept = await world.database.first<{ kept: boolean }>(
    'select content is not null as kept from inventory_imports where id = $1',
    [sent.json.id],
  );
  expect(kept?.kept).toBe(false);
});

test('sent twice with one Idempotency-Key it is one import; another file with that key is refused', async () => {
  const headers = { 'idempotency-key': 'berkas-1' };
  const first = await send(file, headers);
  const again = await send(file, headers);
  expect([again.status, again.json.id]).toEqual([202, first.json.id]);
  expect((await send(`${file}A-4;Lain;;\n`, headers)).json.code).toBe('idempotency_key_reused');
  await work();
});

test('of fifty who say at once that it be applied, one is heard', async () => {
  const sent = await send('key,name\nSERENTAK-1,Serentak\n');
  await work();
  const answers = await Promise.all(Array.from({ length: 50 }, () => api.post(`${placeOf(sent)}/apply`, undefined)));
  const statuses = answers.map(({ status }) => status).filter((status) => status !== 503);
  expect(statuses.filter((status) => status === 202)).toHaveLength(1);
  expect(new Set(statuses)).toEqual(new Set([202, 409]));
  await work();
  expect(await findRecordByKey(world.database, api.agencyId, 'SERENTAK-1')).toMatchObject({ number: 1 });
});

describe('a file with', () => {
  test.each(hostileFiles)('$what is refused: $refusedBy', async ({ content, refusedBy, fit }) => {
    const sent = await send(content);
    expect(sent.status).toBe(202);
    await work();
    const { json } = await api.get(placeOf(sent));
    const mistakes = await mistakesOf(placeOf(sent));
    expect(mistakes.map(({ code }) => code)).toContain(refusedBy);
    expect(JSON.stringify(mistakes).length).toBeLessThan(2_000);
    expect([json.status, Number(json.created) + Number(json.updated) + Number(json.unchanged)]).toEqual([
      fit > 0 ? 'checked' : expect.stringMatching(/^(failed|checked)$/),
      fit,
    ]);
  });

  test('more than anybody needs is refused while it comes, whether it says so before or not', async () => {
    const address = new URL(`${world.issuer}/api/v1${imports}`);
    for (const headers of [{ 'content-length': String(100 * 1024 * 1024) }, { 'transfer-encoding': 'chunked' }]) {
      const before = process.memoryUsage().rss;
      const status = await sendEndless(address, headers);
      expect(status).toBe(413);
      expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1024 * 1024);
    }
  });

  test('another type is refused', async () => {
    for (const type of ['application/json', 'application/vnd.ms-excel', 'multipart/form-data; boundary=x'])
      expect((await send(file, { 'content-type': type })).json.code).toBe('content_type_unknown');
  });
});

/** Sends up to a hundred megabytes, until the server has said what it thinks of it. */
async function sendEndless(address: URL, headers: Record<string, string>): Promise<number> {
  const dpop = await api.key.prove('POST', address.href, api.token);
  const asked = request(address, {
    method: 'POST',
    headers: { 'content-type': 'text/csv', authorization: `DPoP ${api.token}`, dpop, ...headers },
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  asked.on('response', (response) => resolve(response.statusCode ?? 0));
  // The server closes what it does not want to read; its answer may be lost on the way.
  asked.on('error', () => resolve(413));
  const megabyte = Buffer.alloc(1024 * 1024, 'x,y\n');
  Readable.from(Array.from({ length: 100 }, () => megabyte)).pipe(asked);
  const status = await promise;
  asked.destroy();
  return status;
}

test('what a spreadsheet would run is a text in every list that comes as csv', async () => {
  for (const [at, formula] of formulas.entries()) {
    const entry = { name: `Rumus ${at}`, description: formula.trim() };
    const key = `=R${at}`;
    expect((await api.put(`/agencies/${api.agencyId}/inventory/${encodeURIComponent(key)}`, { entry })).status).toBe(
      201,
    );
  }
  const sent = await send(
    `key,name,host\n${formulas.map((one, at) => `"${one.replaceAll('"', '""')}","",${at}`).join('\n')}`,
  );
  await work();
  for (const path of ['/inventory', `${placeOf(sent)}/mistakes`, '/inventory/imports', '/cases', '/decisions']) {
    const { body } = await api.get(path, { headers: { accept: 'text/csv' } });
    const cells = (parse(body, { relax_quotes: true }) as string[][]).flat();
    expect([path, cells.filter((cell) => /^\s*[=+@-]/.test(cell) && !/^-?\d+$/.test(cell))]).toEqual([path, []]);
  }
});

test('an agency sees no file of another one', async () => {
  const sent = await send(file);
  const other = await openApi(world, { clientId: 'mesin-tetangga' });
  for (const answer of [
    await other.get(placeOf(sent)),
    await other.get(`${placeOf(sent)}/mistakes`),
    await other.post(`${placeOf(sent)}/apply`, undefined),
    await other.delete(placeOf(sent)),
  ])
    expect([answer.status, answer.json.code]).toEqual([404, 'not_here']);
  expect((await other.get('/inventory/imports')).json.items).toEqual([]);
  await work();
});
