/** Many people at the same moment, whose statements leave together: nobody pays for another, nobody gets another's. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Read } from '#src/base/coalescing.ts';
import { findArtifactAndPerson } from '#src/oidc/statements.ts';
import { disconnect } from '#src/oidc/withdrawals.ts';
import { answerOf, refusalOf } from '#test/oidc/flows.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import type { RelyingParty, SignInAttempt, Tokens } from '#test/support/relying-party.ts';
import { openWorld, type World } from '#test/support/world.ts';
import { atATime, type Citizen, kindsOf, passkeyCitizen, race, signInByPasskey } from './crowd.ts';

const scope = 'openid profile offline_access';

let world: World;
let app: RelyingParty;
/** Of another agency, so that a person has another name there. */
let other: RelyingParty;

beforeAll(async () => {
  world = await openWorld();
  await world.declare({ client_id: 'berputar', rotate_refresh: true });
  await world.declare({ client_id: 'lain', rotate_refresh: true });
  app = await world.app({ clientId: 'berputar', scope });
  other = await world.app({ clientId: 'lain', scope });
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => {
  world.statements.length = 0;
});

interface Person extends Citizen {
  readonly browser: BrowserAgent;
}

/** People who have signed in before anybody counts. */
async function people(kind: string, count: number): Promise<Person[]> {
  const made: Person[] = [];
  await atATime(4, [...Array(count).keys()], async (i) => {
    const citizen = await passkeyCitizen(world, `${kind}-${i}@contoh.id`, `Warga ${kind} ${i}`);
    made[i] = { ...citizen, browser: world.browser() };
  });
  return made;
}

/** A sign-in with everything that is asked, up to the code. */
async function codeOf(person: Person, to = app): Promise<{ code: string; attempt: SignInAttempt }> {
  const attempt = await to.startSignIn({ prompt: 'consent' });
  const page = await person.browser.visit(attempt.url);
  const arrived = page.has('#passkey-options') ? await signInByPasskey(page, person.device) : await allowed(page);
  return { attempt, code: answerOf(arrived).get('code') ?? '' };
}

async function allowed(page: Awaited<ReturnType<BrowserAgent['visit']>>) {
  for (const claim of page.attributes('input[name="claim"]', 'value')) page.tick('claim', claim);
  return page.press('#consent-allow');
}

async function tokensOf(person: Person, to = app): Promise<Tokens> {
  const { code, attempt } = await codeOf(person, to);
  return to.redeem(code, attempt.codeVerifier);
}

async function expectWorking(tokens: Tokens, { name }: Person, at = app): Promise<void> {
  expect(await at.userinfo(tokens.access_token)).toMatchObject({ name });
  expect(await at.introspect(tokens.access_token)).toMatchObject({ active: true });
  if (tokens.refresh_token) expect(await at.refresh(tokens.refresh_token)).toHaveProperty('access_token');
}

/** Whoever asks this first waits for the second, so that some share a statement however the machine deals out its time. */
function meet(question: Read<unknown>): Disposable {
  const { database } = world;
  const read = database.read.bind(database);
  const second = Promise.withResolvers<void>();
  let asked = 0;
  database.read = async (what, values) => {
    if ((what as Read<unknown>) === question) {
      asked += 1;
      if (asked === 2) second.resolve();
      await second.promise;
    }
    return read(what, values);
  };
  return {
    [Symbol.dispose]() {
      database.read = read;
    },
  };
}

async function expectDead(tokens: Tokens, at = app): Promise<void> {
  expect(await refusalOf(at.userinfo(tokens.access_token))).toBe('401 invalid_token');
  expect(await at.introspect(tokens.access_token)).toEqual({ active: false });
  expect(await refusalOf(at.refresh(tokens.refresh_token ?? ''))).toBe('400 invalid_grant');
}

test('forty people redeem their codes at once, ten of which somebody else holds as well', async () => {
  const crowd = await people('tukar', 40);
  const codes: Awaited<ReturnType<typeof codeOf>>[] = [];
  await atATime(4, [...crowd.keys()], async (i) => {
    codes[i] = await codeOf(crowd[i] as Person);
  });
  world.statements.length = 0;
  using _meeting = meet(findArtifactAndPerson);

  const isReplayed = (i: number) => i % 4 === 0;
  const outcomes = await Promise.all(
    codes.map(({ code, attempt }, i) => race(isReplayed(i) ? 5 : 1, () => app.redeem(code, attempt.codeVerifier))),
  );

  // What was to be tried: that they have shared statements.
  expect(world.statements).toContain(findArtifactAndPerson.forMany);
  const subjects = new Set<string>();
  for (const [i, { won, lost }] of outcomes.entries()) {
    const person = crowd[i] as Person;
    if (isReplayed(i)) {
      expect(won.length).toBeLessThanOrEqual(1);
      expect(kindsOf(lost)).toEqual(['400 invalid_grant']);
      for (const tokens of won) await expectDead(tokens);
      continue;
    }
    expect(lost).toEqual([]);
    for (const tokens of won) {
      subjects.add((await app.userinfo(tokens.access_token)).sub);
      await expectWorking(tokens, person);
    }
  }
  expect(subjects.size).toBe(30);
});

test('consents are withdrawn at the moment of silent sign-ins and refreshes: what is withdrawn ends, the rest works', async () => {
  const crowd = await people('cabut', 24);
  const before: Tokens[] = [];
  const elsewhere: Tokens[] = [];
  const pages: Awaited<ReturnType<BrowserAgent['visit']>>[] = [];
  await atATime(4, [...crowd.keys()], async (i) => {
    const person = crowd[i] as Person;
    before[i] = await tokensOf(person);
    elsewhere[i] = await tokensOf(person, other);
    pages[i] = await person.browser.visit(`${world.issuer}/account`);
  });
  world.statements.length = 0;

  /** Every second one: half of them on the page, half as a command does it. */
  const isWithdrawn = (i: number) => i % 2 === 0;
  const withdraw = async (i: number) => {
    if (!isWithdrawn(i)) return 200;
    if (i % 4 === 0) return (await pages[i]?.press('[data-client=berputar] .disconnect'))?.status;
    await world.database.transaction((tx) =>
      disconnect(tx, world.house.secrets, { accountId: crowd[i]?.id ?? '', clientId: 'berputar' }),
    );
    return 200;
  };
  const silently = async (person: Person) => {
    const attempt = await app.startSignIn({ prompt: 'none' });
    const page = await person.browser.visit(attempt.url);
    return { attempt, page };
  };
  const outcomes = await Promise.all(
    crowd.map(async (person, i) => {
      const [ended, refreshed, ...visits] = await Promise.all([
        withdraw(i),
        race(1, () => app.refresh(before[i]?.refresh_token ?? '')),
        silently(person),
        silently(person),
        silently(person),
      ]);
      return { person, i, ended, refreshed, visits };
    }),
  );

  for (const { person, i, ended, refreshed, visits } of outcomes) {
    expect(ended).toBe(200);
    expect(
      visits.flatMap(({ page }) => page.hops.map(({ status }) => status)).filter((status) => status >= 500),
    ).toEqual([]);
    // Whatever a page of the app got: a code that is redeemed only now, or a refusal.
    const answers = visits.map(({ page }) => answerOf(page));
    const redeemed = await Promise.allSettled(
      visits.map(({ attempt }, n) => app.redeem(answers[n]?.get('code') ?? 'none', attempt.codeVerifier)),
    );
    const later = redeemed.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
    if (isWithdrawn(i)) {
      expect(kindsOf(refreshed.lost)).toEqual(refreshed.won.length === 1 ? [] : ['400 invalid_grant']);
      expect(answers.every((answer) => answer.has('code') || answer.get('error') === 'consent_required')).toBe(true);
      expect(later).toEqual([]);
      for (const tokens of [before[i] as Tokens, ...refreshed.won]) await expectDead(tokens);
      const again = await silently(person);
      expect(answerOf(again.page).get('error')).toBe('consent_required');
    } else {
      expect(refreshed.lost).toEqual([]);
      expect(later).toHaveLength(3);
      for (const tokens of [...refreshed.won, ...later]) await expectWorking(tokens, person);
    }
    await expectWorking(elsewhere[i] as Tokens, person, other);
  }
});

test('who asks for what cannot be asked for harms nobody beside them', async () => {
  const crowd = await people('usil', 12);
  await atATime(4, crowd, async (person) => void (await tokensOf(person)));
  const tabs = [...crowd, ...crowd, ...crowd, ...crowd];
  const isImpossible = (i: number) => i % 6 === 0;
  const attempts = await Promise.all(tabs.map(() => app.startSignIn({ prompt: 'none' })));
  for (const [i, { url }] of attempts.entries()) if (isImpossible(i)) url.searchParams.set('client_id', 'berputar\0');
  const answers = await Promise.all(attempts.map(({ url }, i) => (tabs[i] as Person).browser.visit(url)));

  const wrong = answers.filter((_, i) => isImpossible(i));
  const right = answers.filter((_, i) => !isImpossible(i));
  expect(new Set(wrong.map(({ status }) => status))).toEqual(new Set([400]));
  // 0: the browser has arrived at the app.
  expect(new Set(right.map(({ status }) => status))).toEqual(new Set([0]));
  expect(right.filter((page) => !answerOf(page).has('code'))).toEqual([]);
});
