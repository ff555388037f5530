/** Secrets and keys of apps by the command line. */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importJWK, importPKCS8, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { runBeside, runLawang } from '#test/support/command-line.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world[Symbol.asyncDispose]());

const lawang = (line: string) => runBeside(world, line);

/** Whether the token endpoint of the running server takes a secret for `mesin-data`. */
async function isTaken(secret: string): Promise<boolean> {
  await world.house.clients.refresh();
  const answer = await fetch(`${world.issuer}/introspect`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`mesin-data:${secret}`).toString('base64')}` },
    body: new URLSearchParams({ token: 'x' }),
  });
  return answer.status === 200;
}

test('a secret is rotated, listed and ended on a running server', async () => {
  const before = 'sandbox-mesin-data-secret-0123456789';
  const { code, out } = await lawang('clients rotate-secret mesin-data --overlap 3 --json');
  const made = JSON.parse(out);
  expect({ code, ...made }).toMatchObject({ code: 0, client_id: 'mesin-data' });
  expect([await isTaken(before), await isTaken(made.secret), await isTaken('x')]).toEqual([true, true, false]);

  const listed = (await lawang('clients secrets mesin-data --json')).out;
  expect(listed).not.toContain(made.secret);
  const [newest, oldest] = JSON.parse(listed);
  expect(newest).toMatchObject({ secret_id: made.secret_id, hint: made.secret.slice(-4), created_by: 'command' });
  expect((await lawang('clients secrets mesin-data')).out).toContain(`…${made.secret.slice(-4)}`);
  expect((await lawang('clients show mesin-data --json')).out).not.toContain(made.secret);

  expect((await lawang(`clients end-secret mesin-data ${oldest.secret_id}`)).code).toBe(0);
  expect([await isTaken(before), await isTaken(made.secret)]).toEqual([false, true]);
  expect(await lawang(`clients end-secret mesin-data ${oldest.secret_id}`)).toMatchObject({ code: 1 });
});

test('says what is wrong with what was typed', async () => {
  expect(await lawang('clients rotate-secret mesin-data --overlap 91')).toMatchObject({ code: 2, err: /0 to 90/ });
  for (const until of ['besok', '31-Jan-2027', '2027-02-31'])
    expect(await lawang(`clients rotate-secret mesin-data --until ${until}`)).toMatchObject({ code: 2, err: /a date/ });
  expect(await lawang('clients rotate-secret layanan-spa')).toMatchObject({ code: 1, err: /without a shared secret/ });
  expect(await lawang('clients secrets tidak-ada')).toMatchObject({ code: 1, err: /not registered/ });
});

describe('a key pair', () => {
  test('is made here: the private half is in the file alone, closed to others, and never over another', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lawang-key-'));
    const file = join(folder, 'kunci.pem');
    const { code, out } = await runLawang(`clients make-key --out ${file}`, {});
    expect(code).toBe(0);
    const { keys } = JSON.parse(out);
    expect(Object.keys(keys[0]).sort()).toEqual(['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    const signed = await new SignJWT({ sub: 'x' })
      .setProtectedHeader({ alg: 'ES256', kid: keys[0].kid })
      .sign(await importPKCS8(await readFile(file, 'utf8'), 'ES256'));
    expect((await jwtVerify(signed, await importJWK(keys[0], 'ES256'))).payload.sub).toBe('x');
    expect(await runLawang(`clients make-key --out ${file}`, {})).toMatchObject({ code: 1, err: /is there already/ });
    await rm(folder, { recursive: true });
  });
});

describe('a bundle', () => {
  test('is printed here and taken over there; a second time it is not', async () => {
    const settings = { BUNDLE_SENDERS: world.issuer, INTRANET_ALLOWLIST: '127.0.0.0/8,::1/128' };
    await using there = await openWorld({ settings });
    const receive = (file: string) => runBeside(there, `clients apply ${file} --json`, settings);
    const folder = await mkdtemp(join(tmpdir(), 'lawang-bundle-'));
    const file = join(folder, 'pajak.bundle');
    const { code, out } = await lawang(`clients export pajak-daerah --bundle --for ${there.issuer}`);
    expect(code).toBe(0);
    await writeFile(file, out);
    await there.database.execute(`delete from clients where id = 'pajak-daerah'`);
    const taken = await receive(file);
    expect(JSON.parse(taken.out)).toEqual([
      { file, client_id: 'pajak-daerah', outcome: 'created', state: expect.stringMatching(/draft|sandbox/) },
    ]);
    expect(await receive(file)).toMatchObject({ code: 1, err: /has come before/ });
    await rm(folder, { recursive: true });
  });

  test('needs to know for whom, and a file', async () => {
    expect(await lawang('clients export pajak-daerah --bundle')).toMatchObject({ code: 2, err: /--for is missing/ });
    expect(await lawang('clients export pajak-daerah --bundle --for mana-saja')).toMatchObject({
      code: 2,
      err: /an issuer/,
    });
    expect(await lawang('clients apply tidak-ada.bundle')).toMatchObject({ code: 1, err: /cannot be read/ });
  });
});
