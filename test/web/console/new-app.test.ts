import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { loadClient } from '#src/registry/clients.ts';
import type { Citizen } from '#test/races/crowd.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { findFreePort } from '#test/support/free-port.ts';
import type { Page } from '#test/support/page.ts';
import { php, phpLacks } from '#test/support/php.ts';
import { python, pythonLacks } from '#test/support/python.ts';
import { startApp } from '#test/support/started-app.ts';
import { openWorld, signIn, type World } from '#test/support/world.ts';

let world: World;
let budi: Citizen;

beforeAll(async () => {
  world = await openWorld();
  budi = await colleague(world, 'budi@dinkes.contoh.go.id', { 'dinas-kesehatan': ['developer'] });
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** What a developer types; the rest is preset. */
async function register(said: Record<string, string>, citizen = budi): Promise<Page> {
  const { page } = await openConsole(world, citizen, { at: '/console/apps/new' });
  return page.fill({ purpose: 'Mendaftar antrean.', ...said }).press('#register');
}

/** The lines of `.env` as a page shows them, by name. */
function envOn(page: Page): Record<string, string> {
  const lines = page.text('#env').split(/\s+(?=OIDC_)/);
  return Object.fromEntries(lines.map((line) => line.trim().split(/=(.*)/s).slice(0, 2)));
}

describe('registering an app', () => {
  test('takes four fields, and everything else is preset', async () => {
    const page = await register({ name: 'Antrean RSUD', redirect_uri: 'http://localhost:8080/callback' });
    expect(page.url.pathname).toBe('/console/apps/antrean-rsud/start');
    expect(await loadClient(world.database, 'antrean-rsud')).toMatchObject({
      agencyId: 'dinas-kesehatan',
      state: 'sandbox',
      type: 'web',
      risk: 'low',
      number: 1,
      scopes: ['openid', 'profile', 'email'],
      redirectUris: ['http://localhost:8080/callback'],
      postLogoutRedirectUris: ['http://localhost:8080/signed-out'],
      requirePkce: true,
    });
    const claims = (await loadClient(world.database, 'antrean-rsud')).claims;
    expect(claims.map(({ claim, purpose }) => [claim, purpose])).toEqual([
      ['name', 'Mendaftar antrean.'],
      ['email', 'Mendaftar antrean.'],
      ['email_verified', 'Mendaftar antrean.'],
    ]);
  });

  test('shows the secret once, and never again', async () => {
    const { browser, page } = await openConsole(world, budi, { at: '/console/apps/new' });
    const begun = await page.fill({ name: 'Sekali', purpose: 'Melayani.' }).press('#register');
    expect(Object.keys(envOn(begun))).toEqual([
      'OIDC_ISSUER',
      'OIDC_CLIENT_ID',
      'OIDC_CLIENT_SECRET',
      'OIDC_REDIRECT_URI',
    ]);
    const secret = String(envOn(begun).OIDC_CLIENT_SECRET);
    expect(secret).toMatch(/^[\w-]{40,}$/);
    const again = await browser.visit(begun.url);
    expect(again.text()).not.toContain(secret);
    expect(envOn(again).OIDC_CLIENT_SECRET).toBe('…');
    expect(world.log.join('\n')).not.toContain(secret);
  });

  test('says what is wrong at its field, and keeps what was typed', async () => {
    const page = await register({ name: 'Salah', redirect_uri: 'http://antrean.contoh.go.id/*', purpose: ' ' });
    expect(page.status).toBe(422);
    expect(page.text('#redirect_uri-problem')).toMatch(/harus alamat https lengkap.*has a \*/);
    expect(page.text('#purpose-problem')).toBe('Tujuan: belum diisi.');
    expect(page.count('#problems li')).toBe(2);
    expect(page.value('name')).toBe('Salah');
  });

  test('never takes an id that another app has', async () => {
    const page = await register({ name: 'Rebut', client_id: 'pajak-daerah' });
    expect(page.status).toBe(422);
    expect(page.has('#client_id-problem')).toBe(true);
    expect((await loadClient(world.database, 'pajak-daerah')).agencyId).toBe('badan-pendapatan-daerah');
    const other = await register({ name: 'Pajak Daerah' });
    expect(other.url.pathname).toBe('/console/apps/pajak-daerah-2/start');
  });

  test('is for those who may write apps of that agency', async () => {
    const auditor = await colleague(world, 'tamu@dinkes.contoh.go.id', { 'dinas-kesehatan': ['auditor'] });
    const { page: refused } = await openConsole(world, auditor, { at: '/console/apps/new' });
    expect(refused.text('#error-code')).toBe('role_required');
    expect(refused.attributes('#back-to-app', 'href')).toEqual(['/console']);
    const { browser, page } = await openConsole(world, budi, { at: '/console/apps/new' });
    const csrf = page.value('csrf') ?? '';
    const form = { csrf, action: 'register', agency: 'badan-pendapatan-daerah', name: 'Titipan', stack: 'node' };
    const there = await browser.post(page.url, { ...form, purpose: 'x', redirect_uri: '' }, world.issuer);
    expect(there.text('#error-code')).toBe('not_here');
  });
});

/** The text of a block of code, with its lines. */
function codeOn(page: Page, id: string): string {
  const [, markup = ''] = new RegExp(`<pre[^>]* id="${id}"[^>]*><code>(.*?)</code>`, 's').exec(page.html) ?? [];
  const signs: Record<string, string> = { lt: '<', gt: '>', quot: '"', amp: '&', '#39': "'" };
  return markup.replace(/&(lt|gt|quot|amp|#39);/g, (_, name: string) => signs[name] ?? '');
}

/** A folder in which somebody has saved what the page shows. */
async function saveFiles(page: Page, file: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lawang-snippet-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, '.env'), codeOn(page, 'env'));
  await writeFile(join(folder, file), codeOn(page, 'snippet'));
  return folder;
}

describe('what the page shows works as it is', () => {
  test.for([
    {
      ...{
        name: 'Kunjungan Museum',
        purpose: 'Menjual karcis museum.',
        stack: 'node',
        file: 'app.mjs',
        program: 'node',
        own: process.execPath,
      },
      lacks: undefined,
      installs: ['npm install openid-client jose'],
    },
    {
      ...{
        name: 'Pinjam Buku',
        purpose: 'Meminjamkan buku.',
        stack: 'python',
        file: 'app.py',
        program: 'python3',
        own: python,
      },
      lacks: pythonLacks('flask', 'authlib', 'requests', 'jwt', 'cryptography'),
      installs: ['python3 -m venv .venv && . .venv/bin/activate', 'pip install flask authlib requests "pyjwt[crypto]"'],
    },
    {
      ...{
        name: 'Jadwal Kapal',
        purpose: 'Menampilkan keberangkatan.',
        stack: 'php',
        file: 'index.php',
        program: 'php',
        own: php,
      },
      lacks: phpLacks(),
      installs: [],
    },
  ])('$stack: four lines, one file, and somebody is signed in and out', async (app, { skip }) => {
    skip(app.lacks !== undefined, app.lacks);
    const home = `http://localhost:${await findFreePort()}`;
    const { name, purpose, stack } = app;
    const begun = await register({ name, purpose, stack, redirect_uri: `${home}/callback` });
    // An app that is like another one would be asked about first.
    expect(begun.url.pathname).toMatch(/\/start$/);
    const commands = codeOn(begun, 'commands').split('\n');
    expect(commands.slice(0, app.installs.length)).toEqual(app.installs);
    const folder = await saveFiles(begun, app.file);
    await symlink(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'));
    await world.house.clients.refresh();
    const line = commands.slice(app.installs.length).join('\n').replace(app.program, `exec ${app.own}`);
    await startApp(['sh', '-c', line], home, { cwd: folder, env: { PATH: process.env.PATH, TMPDIR: folder } });
    const inside = await signIn(await (await world.browser().visit(home)).follow('#sign-in'));
    expect(inside.text('#signed-in-name')).toBe('Siti Rahayu');
    const asked = await inside.press('#sign-out');
    expect((await asked.press('#logout-yes')).has('#signed-out')).toBe(true);
  });

  test('a machine: two lines of a shell get a token', async () => {
    const begun = await register({ name: 'Mesin Data', stack: 'machine' });
    const folder = await saveFiles(begun, 'unused');
    await world.house.clients.refresh();
    const { stdout } = await promisify(execFile)('sh', ['-c', codeOn(begun, 'snippet')], { cwd: folder });
    expect(JSON.parse(stdout)).toMatchObject({ access_token: expect.any(String), token_type: 'Bearer' });
  });
});
