/** What people do not recognise, and what an agency is late with, by the API of the agency that owns the app and of one above it. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createLog } from '#src/base/log.ts';
import { shardOf } from '#src/base/secrets.ts';
import { listReleases } from '#src/consents/releases.ts';
import { findReports, reportRelease } from '#src/consents/reports.ts';
import { startOverdue } from '#src/jobs/overdue.ts';
import { createThrottles } from '#src/people/throttles.ts';
import { saveAgency } from '#src/registry/agencies.ts';
import { saveClient } from '#src/registry/client-writes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { signInto } from '#test/oidc/flows.ts';
import { type ApiClient, openApi } from '#test/support/api.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const clientId = 'uji-lapor';
const reports = `/apps/${clientId}/reports`;
let world: World;
let own: ApiClient;
let above: ApiClient;
let stranger: ApiClient;
let made = 0;

beforeAll(async () => {
  world = await openWorld();
  own = await openApi(world, { clientId: 'mesin-sendiri' });
  above = await openApi(world, { clientId: 'mesin-atas' });
  stranger = await openApi(world, { clientId: 'mesin-lain' });
  await world.declare({ client_id: clientId });
  await world.database.transaction(async (tx) => {
    for (const id of ['induk', 'anak', 'lain']) {
      const named = { name: id, nameEn: id, legalName: id, domain: `${id}.contoh.go.id` };
      await saveAgency(tx, { ...named, id, parentId: id === 'anak' ? 'induk' : null }, 'test');
    }
    const places = {
      [clientId]: 'anak',
      [own.clientId]: 'anak',
      [above.clientId]: 'induk',
      [stranger.clientId]: 'lain',
    };
    for (const [id, agencyId] of Object.entries(places))
      await saveClient(tx, { ...(await loadClient(tx, id)), agencyId }, 'test');
  });
  await world.house.clients.refresh();
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** Somebody who was in the app and does not recognise it. */
async function someoneReports() {
  made += 1;
  const mail = `lapor-${made}@contoh.id`;
  const accountId = await world.citizen(mail, { password });
  const app = await world.app({ clientId, redirectUri: 'http://localhost:3001/callback' });
  const { tokens } = await signInto(app, world.browser(), {}, mail);
  const { database, house } = world;
  const [read] = await listReleases(database, house.secrets, accountId, { limit: 1 });
  if (!read) throw new Error('nothing was released');
  const release = { id: read.id, at: read.storedAt };
  const throttles = createThrottles(database, house.secrets, { enabled: false });
  const report = await reportRelease(database, house.secrets, throttles, {
    accountId,
    clientId,
    release,
    reason: 'not-then',
  });
  if (!report) throw new Error('it was reported before');
  return { mail, accountId, release, report, sub: tokens.claims()?.sub };
}

const itemsAt = async (path: string, by = own) => (await by.get(path)).json.items as Record<string, unknown>[];

async function count(): Promise<void> {
  const log = createLog('silent', { write: () => undefined });
  await world.database.execute('delete from answers_owed_counts');
  const job = startOverdue({ database: world.database, log, tellOwed: async () => {} }, { everyMs: 1_000_000_000 });
  await job.lookDue();
  await job.stop();
}

test('a report is read with what was read and by whom it is known, and answered once', async () => {
  const { accountId, release, report, sub, mail } = await someoneReports();
  const [listed] = await itemsAt(reports);
  expect(listed).toMatchObject({ sub, reason: 'not-then', answer: null });
  expect(JSON.stringify(listed)).not.toContain(accountId);
  expect(listed?.id).not.toBe(report.id);
  const path = `${reports}/${String(listed?.id)}`;
  const { json } = await own.get(path);
  expect(json).toMatchObject({ ...listed, release: { kind: 'code', reads: 1 } });
  expect((json.release as { claims: string[] }).claims).toContain('email');
  expect(JSON.stringify(json)).not.toContain(mail);
  expect((await own.post(`${path}/answer`, { answer: 'ya' })).status).toBe(422);
  expect((await own.post(`${path}/answer`, { answer: 'mistake' })).status).toBe(204);
  expect((await own.post(`${path}/answer`, { answer: 'rightful' })).json.code).toBe('report_answered');
  expect(await itemsAt(reports)).toEqual([]);
  expect(await itemsAt(`${reports}?status=answered`)).toMatchObject([{ id: listed?.id, answer: 'mistake' }]);
  expect((await findReports(world.database, accountId, [release.id])).get(release.id)?.answered).toMatchObject({
    ...{ answer: 'mistake', by: `client ${own.clientId}` },
  });
  expect((await world.message(mail)).subject).toMatch(/uji-lapor|Uji|dijawab/i);
});

test('the list goes on page by page, and another agency finds none of it', async () => {
  for (let n = 0; n < 3; n += 1) await someoneReports();
  const all = (await itemsAt(reports)).map(({ id }) => id);
  expect(all).toHaveLength(3);
  const seen: unknown[] = [];
  for (let path: string | undefined = `${reports}?limit=1`; path !== undefined; ) {
    const page = await own.get(path);
    seen.push(...(page.json.items as { id: string }[]).map(({ id }) => id));
    path = /\/api\/v1(\/apps[^>]*)>; rel="next"/.exec(page.headers.get('link') ?? '')?.[1];
  }
  expect(seen).toEqual(all);
  expect(await itemsAt(reports, above)).toHaveLength(3);
  for (const path of [reports, `${reports}/${String(all[0])}`])
    expect((await stranger.get(path)).json.code).toBe('not_here');
  expect((await stranger.post(`${reports}/${String(all[0])}/answer`, { answer: 'rightful' })).status).toBe(404);
  expect((await own.get(`${reports}/bukan`)).status).toBe(404);
});

test('what is late is counted for its agency and for those above it, and for nobody else', async () => {
  const { report, accountId } = await someoneReports();
  await world.database
    .for(shardOf(accountId))
    .execute('update release_reports set due_at = $4 where shard = $1 and account_id = $2 and id = $3', [
      shardOf(accountId),
      accountId,
      report.id,
      new Date(Date.now() - 3_600_000),
    ]);
  await count();
  const waiting = (await itemsAt(reports)).length;
  const line = { app: clientId, agency: 'anak', reports: waiting, reports_overdue: 1, withdrawals_overdue: 0 };
  for (const machine of [own, above]) {
    expect(await itemsAt('/overdue', machine)).toMatchObject([line]);
    expect(await itemsAt('/overdue?agency=anak', machine)).toMatchObject([line]);
    const { json } = await machine.get('/overdue/totals');
    expect(json).toMatchObject({ agencies_overdue: 1, apps_overdue: 1, reports: waiting, reports_overdue: 1 });
    expect(json.counted_at).not.toBeNull();
  }
  expect(await itemsAt('/overdue', stranger)).toEqual([]);
  expect((await stranger.get('/overdue/totals')).json).toMatchObject({ apps_overdue: 0, reports: 0 });
  for (const path of ['/overdue?agency=anak', '/overdue/totals?agency=anak', '/overdue?agency=tidak-ada'])
    expect((await stranger.get(path)).json.code, path).toBe('not_here');
  expect((await own.get('/overdue?agency=induk')).json.code).toBe('not_here');
});
