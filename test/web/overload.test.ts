/** What happens to those who come when a process has its hands full. */
import { once } from 'node:events';
import {
  Agent,
  request as begin,
  type ClientRequest,
  createServer,
  type IncomingMessage,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Koa from 'koa';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { refuseOverload } from '#src/web/middleware/overload.ts';

let server: Server;
let held: (() => void)[];
/** How many that were let in are through, or have gone. */
let over: number;
const agent = new Agent({ keepAlive: false });

beforeEach(async () => {
  held = [];
  over = 0;
  const app = new Koa();
  app.use(refuseOverload(3));
  app.use(async (ctx) => {
    ctx.res.once('close', () => {
      over += 1;
    });
    await new Promise<void>((resolve) => held.push(resolve));
    ctx.body = 'done';
  });
  server = createServer(app.callback()).listen(0, '127.0.0.1');
  await once(server, 'listening');
});

afterEach(async () => {
  for (const release of held) release();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

function send(method = 'GET', options: { length?: number } = {}): ClientRequest {
  const { port } = server.address() as AddressInfo;
  const headers = options.length === undefined ? {} : { 'content-length': options.length };
  const sent = begin({ host: '127.0.0.1', port, method, headers, agent });
  sent.on('error', () => undefined);
  return sent;
}

async function answerOf(sent: ClientRequest): Promise<{ answer: IncomingMessage; body: string }> {
  const [answer] = (await once(sent.end(), 'response')) as [IncomingMessage];
  return { answer, body: await text(answer) };
}

async function hold(count: number): Promise<Promise<{ answer: IncomingMessage }>[]> {
  const answers = Array.from({ length: count }, () => answerOf(send()));
  await expect.poll(() => held.length, { interval: 5 }).toBe(count);
  return answers;
}

test('whoever comes beyond the bound is told at once to come again, and let in as soon as one is through', async () => {
  const [first, ...others] = await hold(3);
  const { answer, body } = await answerOf(send());
  expect(answer.statusCode).toBe(503);
  expect(answer.headers).toMatchObject({
    'retry-after': '1',
    'cache-control': 'no-store',
    'content-type': expect.stringContaining('text/plain'),
  });
  expect(body).toMatch(/^Sedang banyak sekali permintaan\. .+\nThere are very many requests .+\n\(server_busy\)\n$/);
  held.shift()?.();
  expect((await first)?.answer.statusCode).toBe(200);
  const next = answerOf(send());
  await expect.poll(() => held.length, { interval: 5 }).toBe(3);
  for (const release of held.splice(0)) release();
  for (const each of [...others, next]) expect((await each).answer.statusCode).toBe(200);
});

test('a caller who goes away gives the place back', async () => {
  const leaving = send();
  leaving.end();
  await expect.poll(() => held.length, { interval: 5 }).toBe(1);
  await hold(3).catch(() => undefined);
  await expect.poll(() => held.length, { interval: 5 }).toBe(3);
  leaving.destroy();
  await expect.poll(() => over, { interval: 5 }).toBe(1);
  const next = answerOf(send());
  await expect.poll(() => held.length, { interval: 5 }).toBeGreaterThan(3);
  for (const release of held.splice(0)) release();
  expect((await next).answer.statusCode).toBe(200);
});

test('half-sent requests do not shut others out', async () => {
  const slow = Array.from({ length: 5 }, () => send('POST', { length: 10 }));
  for (const sent of slow) sent.write('half');
  await expect.poll(() => held.length, { interval: 5 }).toBe(5);
  const whole = answerOf(send());
  await expect.poll(() => held.length, { interval: 5 }).toBe(6);
  held.at(-1)?.();
  expect((await whole).answer.statusCode).toBe(200);
  for (const sent of slow) sent.destroy();
});
