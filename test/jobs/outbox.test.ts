import { randomBytes } from 'node:crypto';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { SMTPServer } from 'smtp-server';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { loadSecrets, rotateMaster } from '#src/base/keys.ts';
import { createLog } from '#src/base/log.ts';
import { outboxWaiting } from '#src/base/metrics.ts';
import { wrappingKeyring } from '#src/base/secrets.ts';
import { type Outbox, startOutbox } from '#src/jobs/outbox.ts';
import { listMessages, type Message, resealMessages, sendMessage } from '#src/people/messages.ts';
import { openPeople, type People } from '#test/people/people.ts';
import { turnsNow } from '#test/support/turns.ts';

let people: People;
let outboxes: Outbox[] = [];
const closers: (() => Promise<void>)[] = [];

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  await people.database.execute('delete from outbox');
});

afterEach(async () => {
  vi.useRealTimers();
  await Promise.all(outboxes.map((outbox) => outbox.stop()));
  await Promise.all(closers.splice(0).map((close) => close()));
  outboxes = [];
});

interface Received {
  readonly to: string[];
  readonly text: string;
}

/** A mail server that keeps what it is given; `answer` may refuse, with the code of its error. */
async function mailServer(answer: () => number = () => 250) {
  const received: Received[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    logger: false,
    onRcptTo(_address, _session, done) {
      const code = answer();
      done(code < 400 ? null : Object.assign(new Error('refused'), { responseCode: code }));
    },
    onData(stream, session, done) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        received.push({
          to: session.envelope.rcptTo.map(({ address }) => address),
          text: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(() => new Promise((resolve) => server.close(() => resolve())));
  const { port } = server.server.address() as AddressInfo;
  return { received, smtpUrl: `smtp://127.0.0.1:${port}` };
}

async function carrier(answer: () => number = () => 200, headers: Record<string, string> = {}) {
  const received: { body: unknown; headers: IncomingHttpHeaders }[] = [];
  const server = createServer(async (request, response) => {
    const chunks = await request.toArray();
    received.push({ body: JSON.parse(Buffer.concat(chunks).toString()), headers: request.headers });
    response.writeHead(answer(), headers).end('x'.repeat(10_000));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    server.closeAllConnections();
    server.close();
  });
  return { received, messageWebhookUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/send` };
}

/** A receiving side that takes connections and never says a word. */
async function silence() {
  const sockets: Socket[] = [];
  const heard = Promise.withResolvers<void>();
  const server = createTcpServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    heard.resolve();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closers.push(async () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return { heard: heard.promise, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

type Settings = Parameters<typeof startOutbox>[0]['config'];

/** An outbox that delivers when asked to; its own rounds come too late to matter, unless `everyMs` says otherwise. */
function open(more: Partial<Settings> = {}, options: Parameters<typeof startOutbox>[1] = {}): Outbox {
  const config: Settings = {
    mode: 'production',
    sandboxPublic: false,
    smtpUrl: undefined,
    messageWebhookUrl: undefined,
    mailFrom: 'Lawang <noreply@contoh.id>',
    issuer: 'https://masuk.contoh.id',
    ...more,
  };
  const { database, secrets } = people;
  const outbox = startOutbox(
    { database, secrets, log: createLog('silent'), config },
    { everyMs: 3_600_000, ...options },
  );
  outboxes.push(outbox);
  return outbox;
}

function send(more: Partial<Message> = {}) {
  return sendMessage(people.database, people.secrets, {
    kind: 'email',
    to: 'siti@contoh.id',
    subject: 'Kode masuk',
    text: 'Kode Anda 123456',
    language: 'id',
    ...more,
  });
}

interface Row {
  attempts: number;
  next_attempt_at: Date | null;
  delivered_at: Date | null;
  bytes: number;
}

function rows(): Promise<Row[]> {
  return people.database.query<Row>(
    'select attempts, next_attempt_at, delivered_at, octet_length(sealed) as bytes from outbox order by created_at',
  );
}

const pass = (seconds: number) => vi.setSystemTime(Date.now() + seconds * 1000);

test('an e-mail arrives once, with a Message-ID, and outside a sandbox nothing of it stays', async () => {
  const { received, smtpUrl } = await mailServer();
  const outbox = open({ smtpUrl });
  await send({ text: 'Kode Anda 123456\n', code: '123456' });
  expect(await outbox.deliverDue()).toBe(1);
  expect(await outbox.deliverDue()).toBe(0);
  expect(received).toHaveLength(1);
  expect(received[0]?.to).toEqual(['siti@contoh.id']);
  expect(received[0]?.text).toMatch(/^Message-ID: <[0-9a-f-]{36}@masuk\.contoh\.id>$/im);
  expect(received[0]?.text).toMatch(/^From: Lawang <noreply@contoh\.id>$/im);
  expect(received[0]?.text).toContain('Kode Anda 123456');
  expect(await rows()).toEqual([{ attempts: 1, next_attempt_at: null, delivered_at: expect.any(Date), bytes: 0 }]);
});

test('an e-mail has its text and its HTML side by side; what has no HTML is text alone', async () => {
  const { received, smtpUrl } = await mailServer();
  const outbox = open({ smtpUrl });
  await send({ text: 'Halo Siti', html: '<p>Halo <b>Siti</b></p>' });
  await outbox.deliverDue();
  await send({ text: 'Halo Siti' });
  await outbox.deliverDue();
  const [both = '', alone = ''] = received.map(({ text }) => text);
  expect(both).toMatch(/^Content-Type: multipart\/alternative/im);
  expect(both.indexOf('Halo Siti')).toBeGreaterThan(both.indexOf('text/plain'));
  expect(both.indexOf('Halo <b>Siti</b>')).toBeGreaterThan(both.indexOf('text/html'));
  expect(both.indexOf('text/html')).toBeGreaterThan(both.indexOf('text/plain'));
  expect(alone).toMatch(/^Content-Type: text\/plain/im);
});

test('of fifty messages with one cause to one address one leaves, at once or later; another address gets its own', async () => {
  const { received, smtpUrl } = await mailServer();
  const outbox = open({ smtpUrl });
  await Promise.all(Array.from({ length: 50 }, () => send({ cause: 'sebab 1' })));
  await send({ to: 'budi@contoh.id', cause: 'sebab 1' });
  await send({ cause: 'sebab 2' });
  expect(await outbox.deliverDue()).toBe(3);
  await send({ cause: 'sebab 1' });
  expect(await outbox.deliverDue()).toBe(0);
  expect(received.flatMap(({ to }) => to).sort()).toEqual(['budi@contoh.id', 'siti@contoh.id', 'siti@contoh.id']);
});

test('a mail server that is away for a day less an hour costs no message and doubles none, with two workers', async () => {
  let code = 421;
  const { received, smtpUrl } = await mailServer(() => code);
  const workers = [open({ smtpUrl }), open({ smtpUrl })];
  const round = () => Promise.all(workers.map((worker) => worker.deliverDue()));
  await Promise.all(Array.from({ length: 15 }, (_, i) => send({ to: `warga-${i}@contoh.id` })));
  for (let hours = 0; hours < 23; hours += 1) {
    await round();
    pass(3600);
  }
  expect(received).toEqual([]);
  code = 250;
  await round();
  await round();
  expect(new Set(received.flatMap(({ to }) => to)).size).toBe(15);
  expect(received).toHaveLength(15);
});

test('a message leaves only with its cause', async () => {
  const { received, smtpUrl } = await mailServer();
  const undone = people.database.transaction(async (db) => {
    await sendMessage(db, people.secrets, {
      kind: 'email',
      to: 'siti@contoh.id',
      subject: 's',
      text: 't',
      language: 'id',
    });
    throw new Error('undone');
  });
  await expect(undone).rejects.toThrow('undone');
  expect(await open({ smtpUrl }).deliverDue()).toBe(0);
  expect(received).toEqual([]);
});

test('five processes on one database send forty messages forty times', async () => {
  const { received, smtpUrl } = await mailServer();
  await Promise.all(Array.from({ length: 40 }, (_, i) => send({ to: `warga-${i}@contoh.id` })));
  const counts = await Promise.all(Array.from({ length: 5 }, () => open({ smtpUrl }).deliverDue()));
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(40);
  expect(new Set(received.flatMap(({ to }) => to)).size).toBe(40);
  expect(received).toHaveLength(40);
});

test('a message that another process is claiming is passed over, not waited for', async () => {
  const { received, smtpUrl } = await mailServer();
  await send({ to: 'siti@contoh.id' });
  await send({ to: 'budi@contoh.id' });
  await people.database.transaction(async (db) => {
    await db.query('select id from outbox order by created_at, id limit 1 for update');
    expect(await open({ smtpUrl }).deliverDue()).toBe(1);
  });
  expect(await open({ smtpUrl }).deliverDue()).toBe(1);
  expect(received).toHaveLength(2);
});

test('a mail server that is busy is asked again, later and later', async () => {
  let code = 451;
  const { received, smtpUrl } = await mailServer(() => code);
  const outbox = open({ smtpUrl });
  await send();
  for (const wait of [5, 30, 120]) {
    expect(await outbox.deliverDue()).toBe(0);
    pass(wait - 1);
    expect((await rows())[0]?.next_attempt_at?.getTime()).toBeGreaterThan(Date.now());
    pass(1);
  }
  code = 250;
  expect(await outbox.deliverDue()).toBe(1);
  expect(received).toHaveLength(1);
  expect(await rows()).toMatchObject([{ attempts: 4 }]);
});

test('an address that does not exist is not tried again', async () => {
  const { smtpUrl } = await mailServer(() => 550);
  const outbox = open({ smtpUrl });
  await send();
  expect(await outbox.deliverDue()).toBe(0);
  expect(await rows()).toEqual([{ attempts: 1, next_attempt_at: null, delivered_at: null, bytes: 0 }]);
});

test('whoever dies while sending leaves the message to the next, after the lease', async () => {
  const { received, smtpUrl } = await mailServer();
  await send();
  await people.database.execute('update outbox set next_attempt_at = $1, attempts = 1', [
    new Date(Date.now() + 120_000),
  ]);
  const outbox = open({ smtpUrl });
  expect(await outbox.deliverDue()).toBe(0);
  pass(121);
  expect(await outbox.deliverDue()).toBe(1);
  expect(received).toHaveLength(1);
});

test('a code is not sent once it is worthless', async () => {
  const { received, smtpUrl } = await mailServer();
  await send({ code: '123456' });
  pass(601);
  expect(await open({ smtpUrl }).deliverDue()).toBe(0);
  expect(received).toEqual([]);
  expect(await rows()).toMatchObject([{ next_attempt_at: null, delivered_at: null }]);
});

test('a text message goes to the carrier with the key that tells a repetition', async () => {
  const { received, messageWebhookUrl } = await carrier();
  await send({ kind: 'phone', to: '+6281234567890', text: 'Kode Anda 123456' });
  expect(await open({ messageWebhookUrl }).deliverDue()).toBe(1);
  expect(received).toMatchObject([{ body: { to: '+6281234567890', text: 'Kode Anda 123456' } }]);
  expect(received[0]?.headers['idempotency-key']).toMatch(/^[0-9a-f-]{36}$/);
});

test.each([
  [503, 'later'],
  [429, 'later'],
  [401, 'later'],
  [302, 'later'],
  [422, 'never'],
] as const)('a carrier that answers %i is asked again %s', async (code, again) => {
  const { received, messageWebhookUrl } = await carrier(() => code, code === 302 ? { location: '/elsewhere' } : {});
  await send({ kind: 'phone', to: '+6281234567890' });
  expect(await open({ messageWebhookUrl }).deliverDue()).toBe(0);
  expect(received).toHaveLength(1);
  const [row] = await rows();
  expect(row?.delivered_at).toBeNull();
  expect(row?.next_attempt_at === null).toBe(again === 'never');
});

test('production without a way to send keeps the message and says how many wait', async () => {
  await send({ kind: 'phone', to: '+6281234567890' });
  const outbox = open();
  expect(await outbox.deliverDue()).toBe(0);
  expect((await outboxWaiting.get()).values[0]?.value).toBe(1);
  expect((await rows())[0]?.bytes).toBeGreaterThan(0);
});

test('a sandbox without a mail server counts as delivered and shows its messages, newest first', async () => {
  const { database, secrets } = people;
  await send({ text: 'pertama', code: '111111' });
  pass(1);
  await send({ kind: 'phone', to: '+6281234567890', text: 'kedua', link: 'http://localhost:3000/x' });
  pass(1);
  await send({ to: 'budi@contoh.id', text: 'ketiga' });
  expect(await open({ mode: 'sandbox' }).deliverDue()).toBe(3);
  const all = await listMessages(database, secrets, { limit: 2 });
  expect(all.map(({ text }) => text)).toEqual(['ketiga', 'kedua']);
  expect(all[1]).toEqual({
    to: '+6281234567890',
    channel: 'message',
    subject: 'Kode masuk',
    text: 'kedua',
    code: undefined,
    link: 'http://localhost:3000/x',
    at: expect.any(Date),
  });
  const toSiti = await listMessages(database, secrets, { to: { kind: 'email', value: 'siti@contoh.id' }, limit: 10 });
  expect(toSiti).toMatchObject([{ text: 'pertama', code: '111111', channel: 'email' }]);
});

test('a public sandbox writes to nobody outside contoh.id', async () => {
  const { received, smtpUrl } = await mailServer();
  const { received: texts, messageWebhookUrl } = await carrier();
  const outbox = open({ mode: 'sandbox', sandboxPublic: true, smtpUrl, messageWebhookUrl });
  await send({ to: 'orang@contoh.id' });
  await send({ to: 'orang@example.com' });
  await send({ to: 'orang@jahatcontoh.id' });
  await send({ kind: 'phone', to: '+6281234567890' });
  expect(await outbox.deliverDue()).toBe(1);
  expect(received.map(({ to }) => to)).toEqual([['orang@contoh.id']]);
  expect(texts).toEqual([]);
});

test('messages are sealed, and can be read after the master key is rotated and the old one thrown away', async () => {
  await using own = await openPeople();
  const { database, masterKey } = own;
  const message = { kind: 'email', to: 'siti@contoh.id', subject: 's', text: 'halo', language: 'id' } as const;
  await sendMessage(database, own.secrets, message);
  const [row] = await database.query<{ sealed: Buffer }>('select sealed from outbox');
  expect(row?.sealed.includes('siti') || row?.sealed.includes('halo')).toBe(false);
  const newKey = randomBytes(32);
  const wrap = wrappingKeyring([newKey, masterKey]);
  await rotateMaster(database, wrap);
  expect(await resealMessages(database, wrap)).toBe(1);
  expect(await resealMessages(database, wrap)).toBe(0);
  const alone = await loadSecrets(database, [newKey]);
  expect(await listMessages(database, alone, { limit: 10 })).toMatchObject([{ to: 'siti@contoh.id', text: 'halo' }]);
});

test('a message that cannot be opened does not hold the others up', async () => {
  const { received, smtpUrl } = await mailServer();
  await send();
  await people.database.execute(`update outbox set sealed = decode(repeat('00', 64), 'hex')`);
  await send({ to: 'budi@contoh.id' });
  expect(await open({ smtpUrl }).deliverDue()).toBe(1);
  expect(received.map(({ to }) => to)).toEqual([['budi@contoh.id']]);
});

test('a stop in a long queue lets the sends under way end and claims no more', async () => {
  await Promise.all(Array.from({ length: 40 }, () => send({ kind: 'phone', to: '+6281234567890' })));
  const asked = Promise.withResolvers<void>();
  const { received, messageWebhookUrl } = await carrier(() => {
    asked.resolve();
    return 503;
  });
  const outbox = open({ messageWebhookUrl }, { everyMs: 1 });
  await asked.promise;
  await outbox.stop();
  expect(received.length).toBeLessThanOrEqual(10);
  const untouched = (await rows()).filter(({ attempts }) => attempts === 0);
  expect(untouched).toHaveLength(40 - received.length);
  const next = await carrier();
  expect(await open({ messageWebhookUrl: next.messageWebhookUrl }).deliverDue()).toBe(untouched.length);
});

test.each(['smtpUrl', 'messageWebhookUrl'] as const)(
  'a stop does not wait for a receiving side that never answers: %s; the messages are sent by the next',
  async (way) => {
    const kind = way === 'smtpUrl' ? 'email' : 'phone';
    const to = way === 'smtpUrl' ? 'siti@contoh.id' : '+6281234567890';
    await Promise.all(Array.from({ length: 12 }, () => send({ kind, to })));
    const { heard, address } = await silence();
    const outbox = open({ [way]: `${way === 'smtpUrl' ? 'smtp' : 'http'}://${address}` }, { everyMs: 1, graceMs: 10 });
    await heard;
    const began = turnsNow();
    await outbox.stop();
    expect(turnsNow() - began).toBeLessThan(5_000);
    pass(5);
    const next = { ...(await mailServer()), ...(await carrier()) };
    expect(await open(next).deliverDue()).toBe(12);
  },
);
