/** What every sample app takes and refuses at its logout address (OpenID Connect Back-Channel Logout 1.0 §2.6). */
import { expect } from 'vitest';
import { exchange } from '#test/support/browser-agent.ts';
import { type FakeProvider, LOGOUT_EVENT, type Said } from './provider.ts';

const minutes = (count: number) => Math.floor(Date.now() / 1000) + 60 * count;

/** Each is right but for one thing. */
const forged: readonly (readonly [what: string, said: () => Said])[] = [
  ['nobody signed', () => ({ by: 'nothing' })],
  ['somebody else signed', () => ({ by: 'foreign' })],
  ['the secret of the app signed', () => ({ by: 'secret' })],
  ['is of another issuer', () => ({ claims: { iss: 'https://jahat.contoh.id' } })],
  ['is for another app', () => ({ claims: { aud: 'pajak-daerah' } })],
  ['is over', () => ({ claims: { iat: minutes(-10), exp: minutes(-8) } })],
  ['comes from tomorrow', () => ({ claims: { iat: minutes(1440), exp: minutes(1442) } })],
  ['was not issued at any time', () => ({ claims: { iat: undefined } })],
  ['has no end', () => ({ claims: { exp: undefined } })],
  ['has no id', () => ({ claims: { jti: undefined } })],
  ['has no event', () => ({ claims: { events: undefined } })],
  ['has another event', () => ({ claims: { events: { 'https://contoh.id/lain': {} } } })],
  ['has an event that is no object', () => ({ claims: { events: { [LOGOUT_EVENT]: 'x' } } })],
  ['has a nonce, as an ID token', () => ({ claims: { nonce: 'x' } })],
  [
    'is of another type',
    () => ({ typ: 'JWT', claims: { exp: minutes(2), sub: 'siti', events: { [LOGOUT_EVENT]: {} } } }),
  ],
  ['names nobody', () => ({ claims: { sub: undefined, sid: undefined } })],
];

/** Sends a logout token as the provider does. */
export function sendLogout(home: string, token: string) {
  return exchange(`${home}/backchannel-logout`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ logout_token: token }).toString(),
  });
}

/** Refuses, one by one, what is not genuine. */
export async function expectRefusals(home: string, provider: FakeProvider): Promise<void> {
  for (const [what, said] of forged) {
    const answer = await sendLogout(home, await provider.tell(said()));
    expect([what, answer.status, answer.headers.get('cache-control')]).toEqual([what, 400, 'no-store']);
  }
  for (const body of ['', 'logout_token=', 'logout_token=x.y.z', 'logout_token=%00']) {
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expect((await exchange(`${home}/backchannel-logout`, { method: 'POST', headers, body })).status, body).toBe(400);
  }
}
