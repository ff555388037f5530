/** Forms with a file in them: what a page takes arrives as it was sent, and nothing else does. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Koa from 'koa';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Refusal } from '#src/base/refusals.ts';
import { readUpload } from '#src/web/middleware/uploads.ts';

const LIMIT = 50_000;
let server: Server;
let address: string;

beforeAll(async () => {
  const app = new Koa();
  app.use(async (ctx) => {
    try {
      const { get, list, file } = await readUpload(ctx, { limit: LIMIT, fields: ['reason', 'app'] });
      const kept = file && { ...file, content: file.content.toString('base64') };
      ctx.body = { reason: get('reason'), apps: list('app'), csrf: get('csrf'), file: kept };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      ctx.status = 400;
      ctx.body = { code: error.code };
    }
  });
  server = createServer(app.callback()).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

async function send(body: FormData | URLSearchParams | string, type?: string): Promise<Record<string, unknown>> {
  const answer = await fetch(address, { method: 'POST', body, ...(type && { headers: { 'Content-Type': type } }) });
  return (await answer.json()) as Record<string, unknown>;
}

function formWith(fields: readonly (readonly [string, string | File])[]): FormData {
  const form = new FormData();
  for (const [name, value] of fields) form.append(name, value);
  return form;
}

const bytes = Uint8Array.from({ length: 30_000 }, (_, n) => n % 256);
const picture = new File([bytes], 'Bukti – rapat.png', { type: 'image/png' });

test('the fields and the file arrive as they were sent', async () => {
  const fields = [
    ['csrf', 'sample'],
    ['reason', 'Dua layanan, satu tujuan.\r\nÀ propos'],
    ['app', 'client:antrean-rsud'],
    ['app', 'inventory:abcdefghij'],
    ['file', picture],
  ] as const;
  expect(await send(formWith(fields))).toEqual({
    csrf: 'sample',
    reason: 'Dua layanan, satu tujuan.\r\nÀ propos',
    apps: ['client:antrean-rsud', 'inventory:abcdefghij'],
    file: { name: 'Bukti – rapat.png', mediaType: 'image/png', content: Buffer.from(bytes).toString('base64') },
  });
});

test('a file that nobody chose is none, and a form without a file may come as any form', async () => {
  const empty = new File([], '', { type: 'application/octet-stream' });
  expect(await send(formWith([['file', empty]]))).not.toHaveProperty('file');
  expect(await send(new URLSearchParams({ reason: 'ya' }))).toMatchObject({ reason: 'ya', apps: [] });
});

test('a name of a file says nothing of folders and holds nothing that does not print', async () => {
  const named = new File(['a'], `../../etc/\u202e\u0007${'x'.repeat(300)}.csv`);
  const { file } = (await send(formWith([['file', named]]))) as { file: { name: string } };
  expect(file.name).toMatch(/^x{200}$/);
});

test.each([
  ['a file over the limit', [['file', new File([new Uint8Array(LIMIT + 1)], 'a.csv')]], 'body_too_large'],
  ['a file far over it', [['file', new File([new Uint8Array(900_000)], 'a.csv')]], 'body_too_large'],
  ['fields over theirs', [['reason', 'a'.repeat(70_000)]], 'body_too_large'],
  [
    'fields that are too large together',
    Array.from({ length: 20 }, () => ['app', 'a'.repeat(5_000)]),
    'body_too_large',
  ],
  [
    'two files',
    [
      ['file', picture],
      ['file', picture],
    ],
    'invalid_request',
  ],
  ['a file where a field belongs', [['reason', picture]], 'invalid_request'],
  ['a field that the page has not', [['owner', 'me']], 'invalid_request'],
  [
    'a field twice',
    [
      ['reason', 'a'],
      ['reason', 'b'],
    ],
    'invalid_request',
  ],
  ['a NUL', [['reason', 'a\0b']], 'invalid_request'],
  ['too many fields', Array.from({ length: 1_100 }, () => ['app', 'a']), 'invalid_request'],
] as [string, [string, string | File][], string][])('%s is refused', async (_, fields, code) => {
  expect(await send(formWith(fields))).toEqual({ code });
});

const part = '--b\r\nContent-Disposition: form-data; name="reason"\r\n\r\na';

test.each([
  ['no boundary', 'multipart/form-data', part],
  ['a body that ends too early', 'multipart/form-data; boundary=b', part],
  ['bytes that are not UTF-8', 'multipart/form-data; boundary=b', `${part}\ufffd\r\n--b--\r\n`],
  ['another kind of body', 'application/json', '{}'],
  ['nothing', 'multipart/form-data; boundary=b', ''],
])('%s is refused', async (_, type, body) => {
  expect(await send(body, type)).toEqual({ code: 'invalid_request' });
});

test('a file of exactly the limit is taken', async () => {
  const { file } = (await send(formWith([['file', new File([new Uint8Array(LIMIT)], 'a.csv')]]))) as {
    file: { content: string };
  };
  expect(Buffer.from(file.content, 'base64')).toHaveLength(LIMIT);
});
