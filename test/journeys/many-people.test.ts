/** Many people at the same time, sixteen at once: nobody ever gets what belongs to another. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { atATime, type Citizen, passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { allow, openWorld, type World } from '#test/support/world.ts';

const PEOPLE = 60;

let world: World;
let apps: { health: RelyingParty; tax: RelyingParty };

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'pajak-berputar', rotate_refresh: true });
  apps = {
    health: await world.app(),
    tax: await world.app({ clientId: 'pajak-berputar', scope: 'openid profile email offline_access' }),
  };
});
afterAll(() => world?.[Symbol.asyncDispose]());

/** What one person came to hold; each must be theirs alone. */
interface Held {
  readonly citizen: Citizen;
  readonly secrets: string[];
  readonly subjects: string[];
}

async function live(citizen: Citizen): Promise<Held> {
  const browser = world.browser();
  const held: Held = { citizen, secrets: [], subjects: [] };
  for (const [app, more] of [
    [apps.health, {}],
    [apps.tax, { prompt: 'consent' }],
  ] as const) {
    const attempt = await app.startSignIn(more);
    const page = await browser.visit(attempt.url);
    const arrived = page.has('#passkey') ? await signInByPasskey(page, citizen.device) : await allow(page);
    expect(arrived.url.searchParams.get('state')).toBe(attempt.state);
    const tokens = await app.finishSignIn(attempt, arrived);
    const subject = tokens.claims()?.sub ?? '';
    expect(await app.userinfo(tokens.access_token, subject)).toMatchObject({
      name: citizen.name,
      email: citizen.email,
    });
    expect(await app.introspect(tokens.access_token)).toMatchObject({ active: true, sub: subject });
    held.secrets.push(arrived.url.searchParams.get('code') ?? '', tokens.access_token, tokens.id_token ?? '');
    held.subjects.push(subject);
    if (!tokens.refresh_token) continue;
    const next = await app.refresh(tokens.refresh_token);
    expect(await app.userinfo(next.access_token, subject)).toMatchObject({ email: citizen.email });
    held.secrets.push(tokens.refresh_token, next.refresh_token ?? '', next.access_token);
  }
  const account = await browser.visit(`${world.issuer}/account`);
  expect(account.text()).toContain(citizen.name);
  expect(account.count('[data-client]')).toBe(2);
  held.secrets.push(browser.cookies.all.find(({ name }) => name === 'session')?.value ?? '');
  return held;
}

test(`${PEOPLE} citizens at two apps, 16 at a time`, async () => {
  const citizens: Citizen[] = [];
  const numbers = Array.from({ length: PEOPLE }, (_, i) => i + 1);
  await atATime(8, numbers, async (i) => {
    citizens.push(await passkeyCitizen(world, `warga.${i}@contoh.id`, `Warga Nomor ${i} dari ${PEOPLE}`));
  });
  const all: Held[] = [];
  await atATime(16, citizens, async (citizen) => void all.push(await live(citizen)));

  const secrets = all.flatMap((held) => held.secrets);
  expect(secrets).toHaveLength(PEOPLE * 10);
  expect(new Set([...secrets, '']).size).toBe(PEOPLE * 10 + 1);
  expect(new Set(all.flatMap((held) => held.subjects)).size).toBe(PEOPLE * 2);
  const owners = await world.database.query<{ apps: number }>(
    `select count(distinct c.client_id)::int as apps from sessions s
     join session_clients c on c.shard = s.shard and c.session_uid = s.uid group by s.account_id`,
  );
  expect(owners).toEqual(Array(PEOPLE).fill({ apps: 2 }));
  expect(world.log.filter((line) => line.includes('"level":"error"'))).toEqual([]);
});
