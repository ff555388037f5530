/** What an agency hears of the end of a secret, whichever process says it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startSecretEnds } from '#src/jobs/secret-ends.ts';
import { endSecret, listSecrets, type Rotation, rotateSecret } from '#src/registry/client-secrets.ts';
import { createTellSecretEnd } from '#src/web/secret-notices.ts';
import { race } from '#test/races/crowd.ts';
import { colleague } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

const DAY = 86_400_000;
const clientId = 'puskesmas-online';

let world: World;
/** The world is made on that day as well: whoever is told has been there before. */
const begin = () => void vi.useFakeTimers({ toFake: ['Date'], now: new Date('2028-03-01T00:00:00Z') });

beforeAll(async () => {
  begin();
  world = await openWorld();
  await colleague(world, 'dewa@dinkes.contoh.go.id', { 'dinas-kesehatan': ['developer'] });
});
afterAll(() => world[Symbol.asyncDispose]());

beforeEach(async () => {
  begin();
  await world.database.execute('delete from client_secrets');
  await world.database.execute('delete from outbox');
  await world.database.execute('delete from client_contacts');
});
afterEach(() => {
  vi.useRealTimers();
});

/** The work of one process. */
function open() {
  const log = createLog('silent', { write: () => undefined });
  const tellSecretEnd = createTellSecretEnd(world.house);
  return startSecretEnds({ database: world.database, log, tellSecretEnd }, { everyMs: 1_000_000_000 });
}

const rotate = (how: Partial<Rotation> = {}) =>
  world.database.transaction((tx) => rotateSecret(tx, world.house.secrets, { clientId, actor: 'command', ...how }));

async function countMessages(): Promise<number> {
  const row = await world.database.first<{ count: number }>('select count(*)::integer as count from outbox');
  return row?.count ?? 0;
}

test('is at 60, 30 and 7 days and at the end, each once', async () => {
  await rotate();
  const job = open();
  const sentAt: number[] = [];
  for (let day = 1; day <= 370; day += 1) {
    vi.setSystemTime(new Date('2028-03-01T00:00:00Z').getTime() + day * DAY);
    if ((await job.warnDue()) > 0) sentAt.push(365 - day);
  }
  await job.stop();
  expect(sentAt).toEqual([60, 30, 7, 0]);
  expect(await countMessages()).toBe(4);
  const { subject, text, link } = await world.message('dewa@dinkes.contoh.go.id');
  expect(subject).toBe('Rahasia Puskesmas Online sudah berakhir');
  expect(text).toContain('belum pernah terlihat');
  expect(link).toBe(`${world.issuer}/console/apps/${clientId}/keys`);
});

test('is once however many processes say it, and each secret has its own', async () => {
  await rotate();
  vi.setSystemTime('2028-03-02T00:00:00Z');
  await rotate({ overlapDays: 90 });
  vi.setSystemTime('2028-05-25T00:00:00Z');
  const jobs = Array.from({ length: 20 }, open);
  const { won, lost } = await race(jobs.length, (i) => jobs[i]?.warnDue() ?? Promise.reject());
  expect(lost).toEqual([]);
  expect(won.reduce((sum, each) => sum + each, 0)).toBe(1);
  expect(await countMessages()).toBe(1);
  await Promise.all(jobs.map((job) => job.stop()));
});

test('is not said of an end that somebody has just chosen', async () => {
  await rotate();
  await rotate({ overlapDays: 14 });
  const job = open();
  expect(await job.warnDue()).toBe(0);
  vi.setSystemTime('2028-03-08T01:00:00Z');
  expect(await job.warnDue()).toBe(1);
  expect((await world.message('dewa@dinkes.contoh.go.id')).subject).toBe(
    'Rahasia Puskesmas Online berakhir 15 Maret 2028',
  );
  await job.stop();
});

test('nobody is told of a secret that was ended by hand', async () => {
  const { id: secretId } = await rotate();
  await world.database.transaction((tx) => endSecret(tx, { clientId, secretId, actor: 'command' }));
  const job = open();
  expect(await job.warnDue()).toBe(0);
  await job.stop();
});

test('confirmed technical contacts read it too, others do not', async () => {
  const contacts = [
    ['technical', 'tik@dinkes.contoh.go.id', new Date()],
    ['technical', 'belum@dinkes.contoh.go.id', null],
    ['privacy', 'pdp@dinkes.contoh.go.id', new Date()],
  ];
  for (const [role, email, confirmedAt] of contacts)
    await world.database.execute(
      'insert into client_contacts (client_id, role, email, confirmed_at) values ($1, $2, $3, $4)',
      [clientId, role, email, confirmedAt],
    );
  await rotate();
  vi.setSystemTime('2029-01-10T00:00:00Z');
  const job = open();
  await job.warnDue();
  await job.stop();
  expect((await world.message('tik@dinkes.contoh.go.id')).subject).toContain('Puskesmas Online');
  expect(await countMessages()).toBe(2);
});

test('a secret that ended a month ago is forgotten', async () => {
  await rotate();
  const job = open();
  vi.setSystemTime('2029-03-30T00:00:00Z');
  await job.warnDue();
  expect(await listSecrets(world.database, clientId)).toHaveLength(1);
  vi.setSystemTime('2029-03-31T00:00:00Z');
  await job.warnDue();
  expect(await listSecrets(world.database, clientId)).toEqual([]);
  await job.stop();
});
