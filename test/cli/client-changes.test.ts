import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { applyChange } from '#src/registry/changes.ts';
import { claimRun, finishRun, saveFindings } from '#src/registry/checks/findings.ts';
import { moveClient } from '#src/registry/client-life.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { checkClientEntry } from '#src/registry/registration-schema.ts';
import { listVersions } from '#src/registry/versions.ts';
import { agency, openFolder, webClient } from '#test/registry/fixtures.ts';
import { runBeside } from '#test/support/command-line.ts';
import { colleague } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let folder: Awaited<ReturnType<typeof openFolder>>;
const home = { ...agency, id: 'dinas-uji-berkas', name: 'Dinas Uji Berkas' };
const live = { ...webClient, state: 'live' };
const secret = { PUSKESMAS_SECRET: 'rahasia-puskesmas-0123456789-abcdef' };

beforeAll(async () => {
  world = await openWorld();
  folder = await openFolder();
});

afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const lawang = (line: string, settings: Record<string, string> = secret) => runBeside(world, line, settings);

async function json(line: string, settings?: Record<string, string>) {
  const { code, out, err } = await lawang(`${line} --json`, settings);
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return JSON.parse(out);
}

test('plan shows what applying would do, needs no secrets and writes nothing', async () => {
  const file = await folder.write({ agency: home, clients: [live] });
  const planned = await json(`clients plan ${file}`, {});
  expect(planned).toMatchObject({
    agencies: [{ agency: home.id, outcome: 'created' }],
    clients: [{ client_id: 'puskesmas', outcome: 'created', secret: 'unknown', from: 'draft', to: 'live' }],
    undeclared: [],
  });
  await expect(loadClient(world.database, 'puskesmas')).rejects.toMatchObject({ code: 'client_not_found' });
  expect(await json(`clients apply ${file}`)).toMatchObject([{ outcome: 'created', state: 'live' }]);
  expect(await json(`clients plan ${file}`)).toMatchObject({
    agencies: [],
    clients: [{ outcome: 'unchanged', secret: 'same' }],
  });
  expect((await lawang(`clients plan ${file}`)).out).toBe('1 of 1 as the files say.\n');
});

test('what somebody changed on a page is shown as drift, with who changed it last', async () => {
  const file = await folder.write({ agency: home, clients: [live] });
  const client = await loadClient(world.database, 'puskesmas');
  const { entry } = checkClientEntry({ ...declarationOf(client), client_name: 'Puskesmas Kita' }, 'sandbox');
  if (!entry) throw new Error('the entry is right');
  const request = { agencyId: home.id, entry, via: 'page', actor: 'siti', mode: 'sandbox' } as const;
  await world.database.transaction((tx) => applyChange(tx, world.house.secrets, request));
  const { out } = await lawang(`clients plan ${file}`);
  expect(out).toMatch(/^puskesmas would change at once$/m);
  expect(out).toMatch(/^ {2}client_name$/m);
  expect(out).toMatch(/^ {4}- Puskesmas Kita\n {4}\+ Puskesmas$/m);
  expect(out).toMatch(/last changed by version 2, page, siti/);
  await json(`clients apply ${file}`);
});

test('a risky change of a live app waits, unless the glass is broken; then owners and operators are told', async () => {
  await colleague(world, 'pemilik@contoh.id', { [home.id]: ['owner'] });
  await colleague(world, 'operator@contoh.id', { 'dinas-kominfo': ['operator'] });
  const file = await folder.write({
    agency: home,
    clients: [{ ...live, redirect_uris: ['https://baru.contoh.go.id/cb'] }],
  });
  expect((await lawang(`clients plan ${file}`)).out).toMatch(
    /^puskesmas would wait until 1 agree$[\s\S]*redirect_uris \(risky\)/m,
  );
  expect(await json(`clients apply ${file}`)).toMatchObject([{ outcome: 'pending', state: 'live' }]);
  expect(await json(`clients apply ${file} --reason lagi`)).toMatchObject([{ outcome: 'pending' }]);
  expect((await lawang(`clients apply ${file} --break-glass=`)).err).toContain('--break-glass needs a reason');
  const before = await listVersions(world.database, 'puskesmas');
  expect(await json(`clients apply ${file} --break-glass serangan`)).toMatchObject([
    { outcome: 'updated', state: 'live' },
  ]);
  const [newest, waited] = await listVersions(world.database, 'puskesmas');
  expect(newest).toMatchObject({ breakGlass: 'serangan', status: 'applied', number: (before[0]?.number ?? 0) + 1 });
  expect(waited).toMatchObject({ status: 'superseded' });
  for (const to of ['pemilik@contoh.id', 'operator@contoh.id']) {
    const { subject, text } = await world.message(to);
    expect(subject).toBe('Puskesmas diubah tanpa persetujuan');
    expect(text).toContain('Alasan: serangan');
    expect(text).toContain('Alamat kembali (redirect URI)');
  }
});

test('what no file names stays, unless pruning is asked for: live apps are stopped, others end', async () => {
  const other = { ...webClient, client_id: 'lama-sekali' };
  const full = await folder.write({ agency: home, clients: [live, other] });
  await json(`clients apply ${full} --break-glass uji`);
  const less = await folder.write({ agency: home, clients: [{ ...live, client_id: 'baru-sekali' }] });
  expect((await json(`clients plan ${less}`)).undeclared.map((one: { client_id: string }) => one.client_id)).toEqual([
    'lama-sekali',
    'puskesmas',
  ]);
  await json(`clients apply ${less}`);
  expect((await loadClient(world.database, 'lama-sekali')).state).toBe('sandbox');
  const pruned = await json(`clients apply ${less} --prune`);
  expect(pruned.filter(({ outcome }: { outcome: string }) => outcome === 'pruned')).toMatchObject([
    { client_id: 'lama-sekali', state: 'retired' },
    { client_id: 'puskesmas', state: 'suspended' },
  ]);
  expect((await json(`clients apply ${less} --prune`)).length).toBe(1);
});

test('what is exported is applied without a change, its secrets by the name of their variable', async () => {
  const { out } = await lawang(`clients export --agency ${home.id}`);
  expect(out).toContain('client_secret_env: BARU_SEKALI_SECRET');
  expect(out).not.toContain(secret.PUSKESMAS_SECRET);
  const file = await folder.write(out);
  const settings = { BARU_SEKALI_SECRET: secret.PUSKESMAS_SECRET, ...secret };
  const planned = await json(`clients plan ${file}`, settings);
  expect(planned.clients.map(({ outcome }: { outcome: string }) => outcome)).toEqual(['unchanged', 'unchanged']);
  expect((await lawang('clients export puskesmas puskesmas-online')).err).toContain(
    'a file has the apps of one agency',
  );
  expect((await lawang('clients export')).code).toBe(2);
});

test('an app is stopped and let run again with a reason, and its owners are told', async () => {
  expect((await lawang('clients suspend baru-sekali')).err).toContain('--reason is missing');
  expect(await json('clients suspend baru-sekali --reason bocor')).toMatchObject({ state: 'suspended' });
  expect((await world.message('pemilik@contoh.id')).subject).toBe('Puskesmas dihentikan sementara');
  expect(await json('clients resume baru-sekali --reason beres')).toMatchObject({ state: 'live' });
  expect((await world.message('pemilik@contoh.id')).text).toContain('Alasan: beres');
  expect(await listVersions(world.database, 'baru-sekali')).toMatchObject([
    { to: 'live', reason: 'beres' },
    { to: 'suspended' },
    {},
  ]);
});

test('an app whose host was lost stays stopped until the host is seen again', async () => {
  const suspended = {
    clientId: 'baru-sekali',
    to: 'suspended',
    actor: 'checks',
    via: 'job',
    reason: 'host lost: x',
  } as const;
  await world.database.transaction((tx) => moveClient(tx, suspended));
  const found = async (outcome: 'passed' | 'failed') => {
    const now = new Date(Date.now() + 1_000);
    const problems =
      outcome === 'failed' ? [{ code: 'host_dangling', about: await hostOf('baru-sekali') } as const] : [];
    await claimRun(world.database, 'baru-sekali', now, 0);
    const findings = (['hosts', 'takeover'] as const).map((name) => ({ name, outcome, problems }));
    await saveFindings(world.database, 'baru-sekali', findings, now);
    await finishRun(world.database, 'baru-sekali', now, now);
  };
  await found('failed');
  expect(await lawang('clients resume baru-sekali --reason beres')).toMatchObject({
    code: 1,
    err: /host of .* is lost/,
  });
  await found('passed');
  expect(await json('clients resume baru-sekali --reason beres')).toMatchObject({ state: 'live' });
});

async function hostOf(clientId: string): Promise<string> {
  const { redirectUris } = await loadClient(world.database, clientId);
  return new URL(String(redirectUris[0])).hostname;
}

test('a step is told with the day that it was in Jakarta', async () => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2098-12-31T17:00:00Z') });
  try {
    await json('clients migration puskesmas-online --to default --percentage 25');
  } finally {
    vi.useRealTimers();
  }
  expect((await lawang('clients migration puskesmas-online')).out).toMatch(/^2099-01-01 +command +default 25%/m);
});

test('an app is moved on, planned for and taken back', async () => {
  const line = 'clients migration pajak-daerah';
  expect(await json(line)).toMatchObject({ stage: 'optional', percentage: 100, plan: [], steps: [] });
  const plan = [{ stage: 'required', percentage: 10, on: '2099-01-31' }];
  await json(`${line} --to default --percentage 25 --reason uji`);
  expect(await json(`${line} --to required --percentage 10 --on 2099-01-31`)).toMatchObject({
    ...{ stage: 'default', percentage: 25, plan },
    steps: [{ number: 2, via: 'command', reason: 'uji' }, { number: 1 }],
  });
  expect((await lawang(line)).out).toMatch(/^pajak-daerah: default 25%\n\n2099-01-31 +planned +required 10%\n/);
  expect(await json(`${line} --back`)).toMatchObject({ stage: 'optional', percentage: 100, plan: [] });
  const mistakes = [
    '--to sometimes',
    '--percentage 101',
    '--to off --on 31-01-2099',
    '--on 2099-01-31',
    '--back --no-plan',
  ];
  for (const mistake of mistakes) expect((await lawang(`${line} ${mistake}`)).code).toBe(2);
  expect((await lawang(`${line} --back`)).err).toContain('there is no step to go back');
});
