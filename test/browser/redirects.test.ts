/**
 * Browsers follow `form-action` of a content security policy along every redirect that answers a form, and stop without a
 * word. Each way from a page of ours back to an app, in a browser that does so.
 */
import type { Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { RelyingParty } from '#test/support/relying-party.ts';
import { openStage, type Stage, signInByPassword } from './stage.ts';
import type { Visitor } from './visitor.ts';

let stage: Stage;
let health: RelyingParty;
let me: Visitor;

beforeAll(async () => {
  stage = await openStage();
  health = await stage.world.app({ redirectUri: `${stage.health}/callback` });
});

afterAll(() => stage[Symbol.asyncDispose]());

beforeEach(async () => {
  me = await stage.visitor();
});

afterEach(async () => {
  expect(me.complaints).toEqual([]);
  await me[Symbol.asyncDispose]();
});

/** What the app got at its redirect URI: the query, or with `form_post` the form. */
async function arrival(press: () => Promise<unknown>): Promise<URLSearchParams> {
  const arrived = me.page.waitForRequest((request) => request.url().startsWith(`${stage.health}/callback`));
  await press();
  const request = await arrived;
  await me.page.waitForURL(`${stage.health}/callback*`);
  return answerIn(request);
}

function answerIn(request: Request): URLSearchParams {
  return request.method() === 'POST'
    ? new URLSearchParams(request.postData() ?? '')
    : new URL(request.url()).searchParams;
}

async function open(overrides: Parameters<RelyingParty['startSignIn']>[0] = {}): Promise<void> {
  await me.page.goto((await health.startSignIn(overrides)).url.href);
}

/** Someone who was here before: signed in, and asked for nothing more. */
async function openAsReturning(identifier: string): Promise<void> {
  await open();
  await signInByPassword(me.page, identifier);
  // The app shows `#problem`: the sign-in was begun here and not there.
  await me.page.waitForSelector('#consent-allow, #problem');
  if (await me.page.locator('#consent-allow').count()) await arrival(() => me.page.click('#consent-allow'));
}

describe('the browser comes back to the app', () => {
  it('from the consent page, allowed, and from the sign-in page alone when nothing is left to ask', async () => {
    await open();
    await signInByPassword(me.page, 'dewi@contoh.id');
    await me.page.waitForSelector('#consent-allow');
    expect((await arrival(() => me.page.click('#consent-allow'))).get('code')).toBeTruthy();
    await me.context.clearCookies();
    await open();
    expect((await arrival(() => signInByPassword(me.page, 'dewi@contoh.id'))).get('code')).toBeTruthy();
  });

  it('from the sign-in page, cancelled', async () => {
    await open();
    expect((await arrival(() => me.page.click('#cancel'))).get('error')).toBe('access_denied');
  });

  it('from the consent page, denied', async () => {
    await open();
    await signInByPassword(me.page, 'wayan@contoh.id');
    await me.page.waitForSelector('#consent-deny');
    expect((await arrival(() => me.page.click('#consent-deny'))).get('error')).toBe('access_denied');
  });

  it('by a form that a script sends (form_post), with a code and with a refusal', async () => {
    await open({ response_mode: 'form_post' });
    expect((await arrival(() => me.page.click('#cancel'))).get('error')).toBe('access_denied');
    await open({ response_mode: 'form_post' });
    await signInByPassword(me.page, 'wayan@contoh.id');
    await me.page.waitForSelector('#consent-allow');
    const answer = await arrival(() => me.page.click('#consent-allow'));
    expect(answer.get('code')).toBeTruthy();
    expect(answer.get('iss')).toBe(stage.world.issuer);
    expect((await arrival(() => open({ response_mode: 'form_post' }))).get('code')).toBeTruthy();
  });

  it('after another person signed in although a session was there', async () => {
    await openAsReturning('siti@contoh.id');
    await open({ prompt: 'login' });
    await me.page.getByRole('heading', { name: 'Pastikan ini Anda' }).waitFor();
    await signInByPassword(me.page, 'budi@contoh.id');
    await me.page.getByText('Anda masuk sebagai Budi').waitFor();
    const answer = await arrival(() => me.page.click('#consent-allow'));
    expect(answer.get('code')).toBeTruthy();
    await me.page.goto(`${stage.world.issuer}/account`);
    await me.page.getByRole('heading', { name: /Budi/ }).waitFor();
  });

  it('after a second person signed in who had allowed the app before', async () => {
    await openAsReturning('rina@contoh.id');
    await me.context.clearCookies();
    await open();
    await signInByPassword(me.page, 'siti@contoh.id');
    await open({ prompt: 'login' });
    const answer = await arrival(() => signInByPassword(me.page, 'rina@contoh.id'));
    expect(answer.get('code')).toBeTruthy();
  });

  it('when the app began with a form of its own', async () => {
    const { url } = await health.startSignIn();
    await me.page.goto(stage.health);
    const fields = [...url.searchParams].map(([name, value]) => `<input name="${name}" value="${value}">`).join('');
    await me.page.setContent(
      `<form method="post" action="${stage.world.issuer}/authorize">${fields}<button>Masuk</button></form>`,
    );
    await me.page.click('button');
    expect((await arrival(() => me.page.click('#cancel'))).get('error')).toBe('access_denied');
  });
});

describe('signing out leads to the address that the app asked for', () => {
  const ended = () => me.page.waitForURL(`${stage.health}/signed-out*`);

  function signOutUrl(): string {
    const parameters = { post_logout_redirect_uri: `${stage.health}/signed-out`, state: 'pulang' };
    return health.signOutUrl(parameters).href;
  }

  it('when the person says yes', async () => {
    await openAsReturning('siti@contoh.id');
    await me.page.goto(signOutUrl());
    await me.page.click('#logout-yes');
    await ended();
    expect(new URL(me.page.url()).searchParams.get('state')).toBe('pulang');
    await open();
    await me.page.waitForSelector('#sign-in');
  });

  it('when the person stays, and stays signed in', async () => {
    await openAsReturning('siti@contoh.id');
    await me.page.goto(signOutUrl());
    await me.page.click('#logout-no');
    await ended();
    await me.page.goto(`${stage.world.issuer}/account`);
    await me.page.getByRole('heading', { name: /Siti/ }).waitFor();
  });

  it('at once when nobody is signed in', async () => {
    await me.page.goto(signOutUrl());
    await ended();
  });

  it('and ends on our page when it asked for none', async () => {
    await openAsReturning('siti@contoh.id');
    await me.page.goto(`${stage.world.issuer}/logout`);
    await me.page.click('#logout-yes');
    await me.page.waitForSelector('#logout-done');
  });
});
