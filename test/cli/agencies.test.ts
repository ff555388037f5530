/** `lawang agencies` and `lawang admins`, beside a server that is running. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listMemberships, suspendMemberships } from '#src/people/memberships.ts';
import { runBeside } from '#test/support/command-line.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let folder: string;

beforeAll(async () => {
  world = await openWorld();
  folder = await mkdtemp(join(tmpdir(), 'lawang-agencies-'));
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

const lawang = (line: string) => runBeside(world, line);

const tree = `
agencies:
  - { id: negara, name: Negara, domain: contoh.go.id, kind: state }
  - { id: dinas-kesehatan, name: Dinas Kesehatan, "name#en": Health Office, domain: dinkes.contoh.go.id, parent: negara }
  - { id: badan-pendapatan-daerah, name: Bapenda, domain: bapenda.contoh.go.id, parent: negara }
  - { id: dinas-kominfo, name: Diskominfo, domain: diskominfo.contoh.go.id, parent: negara }
  - { id: lab-api, name: Lab API, domain: lab.contoh.go.id, parent: negara }
`;

test('a file of the organisation is checked, applied, listed and written out again', async () => {
  const file = join(folder, 'negara.yaml');
  await writeFile(file, 'agencies:\n  - { id: NEGARA, name: Negara, domain: contoh.go.id }\n');
  expect(await lawang(`agencies validate ${file}`)).toMatchObject({
    code: 1,
    err: expect.stringContaining(`${file}:2:`),
  });
  await writeFile(file, tree);
  expect(await lawang(`agencies validate ${file}`)).toMatchObject({
    code: 0,
    out: '5 agencies and 0 sectors: nothing wrong.\n',
  });
  expect((await lawang(`agencies apply ${file}`)).out).toContain('negara                   created');
  const { out } = await lawang('agencies list --below negara');
  expect(out).toMatch(/\nnegara {2,}state {2,}Negara {2,}without an owner\n {2}badan-pendapatan-daerah/);
  const exported = join(folder, 'lagi.yaml');
  await writeFile(exported, (await lawang('agencies export')).out);
  expect((await lawang(`agencies apply ${exported}`)).out).not.toMatch(/created|updated/);
});

test('the first admin of the agency at the top comes in by one link', async () => {
  const { code, out } = await lawang('admins invite --json');
  const { link, role, agency } = JSON.parse(out);
  expect({ code, role, agency }).toEqual({ code: 0, role: 'owner', agency: 'negara' });
  const first = await colleague(world, 'pertama@contoh.id', {});
  const { browser } = await openConsole(world, first);
  const team = await (await browser.visit(link)).press('#accept');
  expect(team.url.pathname).toBe('/console/agencies/negara/team');
  expect((await browser.visit(link)).url.pathname).toBe('/console');
  const events = await world.database.query(
    'select kind, actor from admin_events where agency_id = $1 order by at desc limit 2',
    ['negara'],
  );
  expect(events).toEqual([
    { kind: 'invitation.accepted', actor: first.id },
    { kind: 'invitation.made', actor: 'command' },
  ]);
  expect((await lawang('agencies list --below negara --orphans --json')).out).not.toContain('"negara",\n    "kind"');
  expect(JSON.parse((await lawang('admins list --json')).out)).toMatchObject([{ account: first.id, role: 'owner' }]);
});

test('what no other admin can restore is restored here', async () => {
  const owner = await colleague(world, 'sendirian@contoh.id', { 'dinas-kominfo': ['owner'] });
  expect((await lawang('admins restore sendirian@contoh.id')).err).toContain('No role of this account is suspended.');
  await suspendMemberships(world.database, owner.id, 'recovered');
  expect((await lawang('agencies show dinas-kominfo --json')).out).toContain('"owner (suspended)": 1');
  expect((await lawang('admins restore sendirian@contoh.id')).out).toContain('counts again');
  expect(await listMemberships(world.database, owner.id, new Date())).toMatchObject([{ suspendedAt: undefined }]);
});

test('what cannot be is said in one sentence', async () => {
  expect(await lawang('admins invite --role raja')).toMatchObject({
    code: 2,
    err: expect.stringContaining('--role is one of owner'),
  });
  expect(await lawang('admins invite --agency tidak-ada')).toMatchObject({
    code: 1,
    err: expect.stringContaining('no agency tidak-ada'),
  });
});
