import { afterAll, beforeAll, expect, test } from 'vitest';
import { currentDecision } from '#src/registry/decisions.ts';
import { openFolder } from '#test/registry/fixtures.ts';
import { runBeside } from '#test/support/command-line.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let folder: Awaited<ReturnType<typeof openFolder>>;
const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  world = await openWorld();
  folder = await openFolder();
});
afterAll(async () => {
  await folder[Symbol.asyncDispose]();
  await world[Symbol.asyncDispose]();
});

const lawang = (line: string) => runBeside(world, line);
const current = (id: string) => currentDecision(world.database, `client:${id}`);

test('one app is decided about by options; what is missing is said, and a refusal is exit code 1', async () => {
  expect((await lawang('inventory classify --app puskesmas-online')).code).toBe(2);
  expect((await lawang('inventory classify --app ../x --decision keep --reason Dipakai')).code).toBe(2);
  const merge = `inventory classify --app puskesmas-online --decision merge --on ${day} --reason Kembar`;
  const refused = await lawang(merge);
  expect(refused).toMatchObject({
    code: 1,
    err: expect.stringContaining('client:puskesmas-online: The successor is missing'),
  });
  const dry = await lawang(`${merge} --successor pajak-daerah --dry-run`);
  expect(dry.out).toContain('1 would be decided');
  expect(await current('puskesmas-online')).toBeUndefined();
  expect((await lawang(`${merge} --successor pajak-daerah`)).out).toContain('1 decided');
  expect(await current('puskesmas-online')).toMatchObject({ kind: 'merge', via: 'command', decidedBy: 'command' });
});

test('a file decides about each app that it names, and says which rows it left out', async () => {
  const rows = ['app,decision,successor,date,reason', 'pajak-daerah,keep,,,Dipakai', 'tidak-ada,keep,,,Ada', ',,,,x'];
  const file = await folder.write(rows.join('\n'), 'keputusan.csv');
  const done = await lawang(`inventory classify ${file}`);
  expect([done.code, done.out]).toEqual([1, expect.stringContaining('1 decided, 0 left as they are, 2 refused')]);
  expect((await current('pajak-daerah'))?.kind).toBe('keep');
  const again = await lawang(`inventory classify ${file} --json`);
  expect(JSON.parse(again.out).decisions[0]).toMatchObject({ app: 'client:pajak-daerah', outcome: 'unchanged' });
});

test('what one call decides is shown beforehand without being kept, and taken back as a whole, once', async () => {
  const rows = ['app,decision,reason', 'puskesmas-online,legacy,Diganti', 'pajak-daerah,legacy,Diganti'];
  const file = await folder.write(rows.join('\n'), 'batal.csv');
  const before = [await current('puskesmas-online'), await current('pajak-daerah')];
  expect((await lawang(`inventory classify ${file} --dry-run`)).out).toContain('2 would be decided');
  const { batch } = JSON.parse((await lawang(`inventory classify ${file} --json`)).out);
  expect((await current('pajak-daerah'))?.kind).toBe('legacy');
  expect((await lawang(`inventory classify --undo ${batch}`)).out).toContain('2 decisions undone.');
  expect([await current('puskesmas-online'), await current('pajak-daerah')]).toEqual(before);
  expect((await lawang(`inventory classify --undo ${batch}`)).code).toBe(1);
  expect((await lawang('inventory classify --undo x')).code).toBe(2);
});
