/** What an error page says to whoever builds the app, where that is who sees it. */
import { expect, test } from 'vitest';
import type { Page } from '#test/support/browser-agent.ts';
import { openWorld, type World } from '#test/support/world.ts';

const right = {
  client_id: 'puskesmas-online',
  response_type: 'code',
  scope: 'openid profile email',
  redirect_uri: 'http://localhost:3001/callback',
  code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
  code_challenge_method: 'S256',
};

function ask(world: World, changes: Record<string, string>, language: 'id' | 'en' = 'en'): Promise<Page> {
  const asked = new URLSearchParams({ ...right, ...changes });
  for (const [name, value] of Object.entries(changes)) if (value === '') asked.delete(name);
  return world.browser({ language }).visit(`${world.issuer}/authorize?${asked}`);
}

test('in a sandbox it says what is wrong with a request, and where to see the others', async () => {
  await using world = await openWorld();
  const page = await ask(world, { redirect_uri: 'http://127.0.0.1:8080/callback' });
  expect(page.text('#error-code')).toBe('redirect_uri_mismatch');
  const said = page.text('#for-developers');
  for (const part of ['letter by letter', 'http://127.0.0.1:8080/callback', right.redirect_uri])
    expect(said).toContain(part);
  expect(page.attribute('#for-developers a', 'href')).toBe('/console/apps/puskesmas-online/attempts');
  const indonesian = await ask(world, { redirect_uri: 'https://localhost:3001/callback' }, 'id');
  expect(indonesian.text('#for-developers')).toContain('huruf demi huruf');

  const unknown = await ask(world, { client_id: 'tidak-<b>ada' });
  expect(unknown.text('#for-developers')).toContain('“tidak-<b>ada”');
  expect(unknown.text('#for-developers')).toContain('OIDC_CLIENT_ID');
  const incomplete = await ask(world, { client_id: '' });
  expect(incomplete.text('#for-developers')).toContain("missing required parameter 'client_id'");
  // What a person did is no fault of the app.
  expect((await world.browser().visit(`${world.issuer}/interaction/tidak-ada`)).has('#for-developers')).toBe(false);
});

test.each([
  ['in a sandbox that other machines reach', { settings: { SANDBOX_PUBLIC: 'on' } }, 'redirect_uri_mismatch'],
  ['in production', { production: true }, 'client_not_found'],
] as const)('%s it says no more than what concerns the person', async (_where, options, code) => {
  await using world = await openWorld(options);
  const page = await ask(world, { redirect_uri: 'https://localhost:3001/callback' });
  expect(page.text('#error-code')).toBe(code);
  expect(page.has('#for-developers')).toBe(false);
  expect(page.html).not.toContain(right.redirect_uri);
});
