/** A person's receipts: of what they allowed and of what ended, to read, to download and to show to anybody. */
import { decodeJwt } from 'jose';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { endPermissions } from '#src/consents/permission-ending.ts';
import { listPermissions } from '#src/consents/permissions.ts';
import { readReceiptKeys, verifyReceipt } from '#src/consents/receipts.ts';
import { ask, signInto } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { openWorld, password, type World } from '#test/support/world.ts';

const clientId = 'klinik';
const item = (name: string, basis: string, required: boolean) => ({
  ...{ name, basis, required, purpose: `Perlu ${name}.`, 'purpose#en': `Needs ${name}.` },
});
let world: World;
let browser: BrowserAgent;
let citizen: string;
/** As the app knows the citizen. */
let sub: string;

beforeEach(async () => {
  world = await openWorld();
  browser = world.browser();
  citizen = await world.citizen('ratna@contoh.id', {
    name: 'Ratna Tanda',
    password,
    profile: { phone_number: '+6281299990001', phone_number_verified: true, birthdate: '1990-01-02' },
  });
  await world.declare({
    client_id: clientId,
    client_name: 'Klinik Uji',
    claims: [item('name', 'public_task', true), item('email', 'consent', true), item('phone_number', 'consent', false)],
  });
  const app = await world.app({ clientId, scope: 'openid profile email phone' });
  const { tokens } = await signInto(app, browser, {}, 'ratna@contoh.id');
  sub = String(decodeJwt(tokens.id_token ?? '').sub);
});

afterEach(() => world?.[Symbol.asyncDispose]());

const open = (place: string, at = browser) => at.visit(`${world.issuer}/account/receipts/${place}`);

async function idOf(kind: 'consent' | 'notice', ended = false): Promise<string> {
  const all = await listPermissions(world.database, citizen, { clientId, ended: true, limit: 10 });
  return all.find((one) => one.kind === kind && (one.endedAt !== undefined) === ended)?.id ?? '';
}

/** Verified by the published keys alone, as anybody would. */
async function verified(text: string) {
  const known = readReceiptKeys((await ask(`${world.issuer}/receipts/keys.json`)).body);
  return verifyReceipt(text, known ?? { issuer: '', keys: [] });
}

test('a consent and a notice each have one, which says what was shown and no value', async () => {
  const consent = await open(await idOf('consent'));
  expect(consent.status).toBe(200);
  expect(consent.text('#receipt')).toContain('izin pemilik data');
  expect(consent.text('#receipt')).toContain('Klinik Uji');
  expect(consent.text('[data-claim=email]')).toContain('Perlu email.');
  expect(consent.has('[data-claim=name]')).toBe(false);
  const notice = await open(await idOf('notice'));
  expect(notice.text('#receipt')).toContain('tugas pelayanan publik');
  expect(notice.text('[data-claim=name]')).toContain('Perlu name.');
  for (const page of [consent, notice])
    for (const value of ['Ratna', 'ratna@', '1990', '81299990001']) expect(page.text('#receipt')).not.toContain(value);
});

test('the file is genuine by the public keys alone, names the person as the app does, and is the same each time', async () => {
  const id = await idOf('consent');
  const file = await open(`${id}.jws`);
  expect(file.headers.get('content-type')).toBe('application/jose');
  expect(file.headers.get('content-disposition')).toMatch(/^attachment; filename="klinik-given-\d{4}-\d\d-\d\d\.jws"$/);
  expect(file.headers.get('cache-control')).toBe('no-store');
  const verdict = await verified(file.html);
  expect(verdict).toMatchObject({ kind: 'genuine', receipt: { form: 'full', sub, iss: world.issuer } });
  expect(decodeJwt((await open(`${id}.jws`)).html)).toEqual(decodeJwt(file.html));
  // Neither the account nor the permission could be recognised by what two agencies are shown.
  const said = Buffer.from(file.html.split('.')[1] ?? '', 'base64url').toString();
  for (const hidden of [id, citizen, 'Ratna', 'ratna@', '81299990001']) expect(said).not.toContain(hidden);
});

test('a withdrawal has its own, beside that of the beginning', async () => {
  const id = await idOf('consent');
  const before = decodeJwt((await open(`${id}.jws`)).html);
  await endPermissions(world.database, world.house.secrets, citizen, clientId, {
    kinds: ['consent'],
    reason: 'withdrawn',
  });
  const page = await open(id);
  expect(page.text('h1')).toBe('Tanda terima pengakhiran');
  expect(page.text('#receipt')).toContain('Ditarik pemiliknya');
  const end = decodeJwt((await browser.visit(new URL(page.attribute('#receipt-file', 'href') ?? '', page.url))).html);
  expect(end.events).toMatchObject([{ event_type: 'given' }, { event_type: 'withdrawn', event_state: 'ended' }]);
  expect([end.record_id, end.jti]).toEqual([before.record_id, `${before.record_id}.withdrawn`]);
  const beginning = await page.follow('#other-receipt');
  expect(beginning.text('#receipt')).not.toContain('Ditarik');
  const first = decodeJwt((await open(`${id}.jws?of=beginning`)).html);
  expect(first).toEqual(before);
});

test('nobody else finds it, signed in or not', async () => {
  const id = await idOf('consent');
  const stranger = await open(id, world.browser());
  expect(stranger.has('#sign-in')).toBe(true);
  const other = world.browser();
  await signInto(await world.app({ clientId }), other, {}, 'siti@contoh.id');
  for (const place of [id, `${id}.jws`, 'x', '00000000-0000-0000-0000-000000000000'])
    expect((await open(place, other)).status, place).toBe(404);
});
