/** Who hears that a change waits. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { startReviews } from '#src/jobs/reviews.ts';
import { applyChange } from '#src/registry/changes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { saveSector } from '#src/registry/sectors.ts';
import { createTellReview } from '#src/web/change-notices.ts';
import { race } from '#test/races/crowd.ts';
import { colleague } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

const clientId = 'puskesmas-online';

let world: World;
let dewa: string;
beforeAll(async () => {
  world = await openWorld();
  await world.database.execute(`update clients set state = 'live', live_since = $2 where id = $1`, [
    clientId,
    new Date(),
  ]);
  dewa = (await colleague(world, 'dewa@dinkes.contoh.go.id', { 'dinas-kesehatan': ['approver', 'developer'] })).id;
  await colleague(world, 'operator@contoh.go.id', { 'badan-pendapatan-daerah': ['operator'] });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => world.database.execute('delete from outbox'));

/** The work of one process. */
function open() {
  const log = createLog('silent', { write: () => undefined });
  return startReviews({ database: world.database, log, tellReview: createTellReview(world.house) }, { everyMs: 1e9 });
}

/** Somebody asks that the app, which is live, may send people back to another address. */
async function ask(actor: string, path: string): Promise<void> {
  const client = await loadClient(world.database, clientId);
  const declared = { ...declarationOf(client), redirect_uris: [`https://antre.contoh.go.id/${path}`] };
  const { entry } = checkClientEntry(declared, 'sandbox');
  if (!entry) throw new Error('no such declaration');
  const request = { agencyId: client.agencyId, entry, via: 'api', actor, mode: 'sandbox' } as const;
  const { outcome } = await world.database.transaction((tx) => applyChange(tx, world.house.secrets, request));
  expect(outcome).toBe('pending');
}

const hasNone = (email: string) => expect(world.message(email)).rejects.toThrow('no message');

test('an approver hears of it once, however many processes look', async () => {
  await ask('client mesin', 'satu');
  const jobs = Array.from({ length: 8 }, open);
  const { won, lost } = await race(jobs.length, (i) => jobs[i]?.tellDue() ?? Promise.reject());
  expect(lost).toEqual([]);
  expect(won.reduce((sum, each) => sum + each, 0)).toBe(1);
  const { subject, link } = await world.message('dewa@dinkes.contoh.go.id');
  expect(subject).toBe('Puskesmas Online menunggu persetujuan Anda');
  expect(link).toContain(`${world.issuer}/console/reviews/${clientId}/`);
  await hasNone('operator@contoh.go.id');
  await Promise.all(jobs.map((job) => job.stop()));
});

test('a coordinator of its sector hears of it, whoever asked for it does not', async () => {
  const coordinatorId = 'badan-pendapatan-daerah';
  const sector = { id: 'layanan-uji', name: 'Uji', nameEn: 'Trial', isPriority: false, coordinatorId, position: 90 };
  await world.database.transaction((tx) => saveSector(tx, sector, 'test'));
  await colleague(world, 'koordinator@contoh.go.id', { [coordinatorId]: ['coordinator'] });
  await world.database.execute('update clients set sectors = $2 where id = $1', [clientId, [sector.id]]);
  await ask(dewa, 'dua');
  const job = open();
  expect(await job.tellDue()).toBe(1);
  expect(await job.tellDue()).toBe(0);
  expect((await world.message('koordinator@contoh.go.id')).subject).toContain('menunggu persetujuan Anda');
  await hasNone('dewa@dinkes.contoh.go.id');
  await hasNone('operator@contoh.go.id');
  await world.database.execute(`update clients set sectors = '{}' where id = $1`, [clientId]);
  await job.stop();
});

test('where nobody else could decide, operators hear of it', async () => {
  await ask(dewa, 'tiga');
  const job = open();
  await job.tellDue();
  expect((await world.message('operator@contoh.go.id')).text).toContain('Beri seseorang peran penyetuju');
  await hasNone('dewa@dinkes.contoh.go.id');
  await job.stop();
});
