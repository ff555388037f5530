/**
 * A city library with accounts of its own, on its way to Lawang: its sign-in follows the stage that its agency sets on the
 * console. Set the variables of docs/integrate.md, then `npx node app.js` (Node 24). Members: AG-000123, AG-000456; password
 * `rahasia-lama`. It hears of sign-outs at `/backchannel-logout` and of what else ended at `/events`, if its registration says so.
 */
import { randomBytes, randomUUID, scryptSync, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import * as oidc from 'openid-client';
import { BackChannel } from '../back-channel.ts';
import { hearEvent, hearLogout } from '../hearing.ts';
import { followStage } from './stage.js';

const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_REDIRECT_URI, STAGE_SECONDS = '5' } = process.env;
const home = new URL('/', OIDC_REDIRECT_URI);
const onThisMachine = new URL(OIDC_ISSUER).hostname === 'localhost';
const lawang = await oidc.discovery(
  new URL(OIDC_ISSUER),
  OIDC_CLIENT_ID,
  {},
  oidc.ClientSecretBasic(OIDC_CLIENT_SECRET),
  { execute: onThisMachine ? [oidc.allowInsecureRequests] : [] },
);
const stage = followStage(OIDC_ISSUER, OIDC_CLIENT_ID, { everySeconds: Number(STAGE_SECONDS) });

/** The old accounts. A real app has them in its database, with a column `sub` that is unique. */
const members = new Map();
openMember('AG-000123', 'Siti R.', 'rahasia-lama');
openMember('AG-000456', 'Budi S.', 'rahasia-lama');

const sessions = new Map();

const backChannel = new BackChannel({
  ...{ issuer: OIDC_ISSUER, clientId: OIDC_CLIENT_ID },
  findKeysUri: async () => lawang.serverMetadata().jwks_uri,
});
const hearing = {
  'POST /backchannel-logout': hearLogout(backChannel, signOut),
  'POST /events': hearEvent(backChannel, heed),
};

const routes = {
  'GET /': async (session) => (session.member ? inside(session) : outside(session)),

  // The number that is typed decides which stage holds; whether there is such a member shows in no answer.
  'POST /old-sign-in': async (session, _url, form) => {
    const member = checkPassword(form.get('number'), form.get('password'));
    const at = await stage.of(form.get('number'));
    if (at === 'required' || at === 'off') return outside(session, 'Masuklah dengan Lawang.', at);
    if (!member) return outside(session, 'Nomor anggota atau kata sandi salah.');
    begin(session, member);
    session.cameBy = undefined;
    return home;
  },

  'GET /sign-in': async (session) => {
    Object.assign(session, {
      codeVerifier: oidc.randomPKCECodeVerifier(),
      state: oidc.randomState(),
      nonce: oidc.randomNonce(),
    });
    return oidc.buildAuthorizationUrl(lawang, {
      redirect_uri: OIDC_REDIRECT_URI,
      scope: 'openid profile email',
      state: session.state,
      nonce: session.nonce,
      code_challenge: await oidc.calculatePKCECodeChallenge(session.codeVerifier),
      code_challenge_method: 'S256',
    });
  },

  'GET /callback': async (session, url) => {
    const { state, nonce, codeVerifier, member } = session;
    if (!state) throw new Error('This sign-in did not begin in this browser.');
    const tokens = await oidc.authorizationCodeGrant(lawang, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    });
    const { sub, sid } = tokens.claims();
    const { name } = await oidc.fetchUserInfo(lawang, tokens.access_token, sub);
    const linked = [...members.values()].find((one) => one.sub === sub);
    if (linked) begin(session, linked);
    // Whoever is signed in by the old account links it to the person who has just come back.
    else if (member && !member.sub) begin(session, Object.assign(member, { sub }));
    // Whoever is not may have an old account, or none.
    else Object.assign(renew(session), { arrived: { sub, name }, member: undefined });
    session.cameBy = { sub, sid };
    return linked || session.member ? home : new URL('/link', home);
  },

  'GET /link': async (session) => (session.arrived ? linkPage(session) : home),

  // The old password, for the last time: it shows that the old account is this person's.
  'POST /link': async (session, _url, form) => {
    const { arrived } = session;
    if (!arrived) return home;
    const member = checkPassword(form.get('number'), form.get('password'));
    if (!member || member.sub) return linkPage(session, 'Nomor anggota atau kata sandi salah.');
    begin(session, Object.assign(member, { sub: arrived.sub }));
    return home;
  },

  'POST /new': async (session) => {
    const { arrived } = session;
    if (!arrived) return home;
    const number = `AG-${randomBytes(3).toString('hex')}`;
    begin(session, openMember(number, arrived.name ?? number, undefined, arrived.sub));
    return home;
  },

  'POST /sign-out': async (session) => {
    sessions.delete(session.id);
    return home;
  },
};

/** Who came by Lawang goes when Lawang says so; who came by the old password has a session that is only this app's. */
function signOut({ subject, sid }) {
  for (const { id, cameBy } of sessions.values()) {
    if (!cameBy || (subject !== undefined && subject !== cameBy.sub)) continue;
    if (sid === undefined || sid === cameBy.sid) sessions.delete(id);
  }
}

/** After these nobody is in by Lawang any more. The old account stays linked: they may come back. */
const endings = [
  ...['consent-withdrawn', 'service-left', 'consent-ended-underage', 'permission-expired', 'release-reported'],
  ...['account-disabled', 'account-purged'],
];

function heed({ type, subject, withdrawals }) {
  if (endings.includes(type) && subject !== undefined) signOut({ subject });
  for (const id of withdrawals)
    process.stdout.write(`${type}: say within 3 x 24 hours what became of the data (withdrawal ${id})\n`);
}

function inside({ member }) {
  const link = member.sub
    ? '<p id="linked">Akun perpustakaan ini sudah tersambung dengan Lawang.</p>'
    : '<p><a id="link-now" href="/sign-in">Sambungkan dengan Lawang</a>, supaya lain kali Anda masuk tanpa kata sandi ini.</p>';
  return `<p>Selamat datang, <b id="signed-in-name">${escapeHtml(member.name)}</b>, anggota <b id="number">${member.number}</b></p>
    ${link}<form method="post" action="/sign-out"><button id="sign-out">Keluar</button></form>`;
}

/**
 * The sign-in page of each stage. Who it is shows only later, so a browser is in or out by an id of its own; the number that is
 * typed decides.
 */
async function outside(session, wrong, at) {
  const here = at ?? (await stage.of(session.visitor));
  const problem = wrong ? `<p id="problem" role="alert">${wrong}</p>` : '';
  const button = (words) => `<p><a id="sign-in" href="/sign-in">${words}</a></p>`;
  const old = `<form method="post" action="/old-sign-in" id="old-sign-in">
    <label>Nomor anggota <input name="number"></label>
    <label>Kata sandi <input type="password" name="password"></label>
    <button id="old">Masuk</button></form>`;
  const pages = {
    none: old,
    shadow: `${old}${button('Coba masuk dengan Lawang')}`,
    optional: `${old}${button('Masuk dengan Lawang')}`,
    default: `${button('Masuk dengan Lawang')}<details><summary>Cara lain: akun perpustakaan</summary>${old}</details>`,
    required: `${button('Masuk dengan Lawang')}<p>Akun perpustakaan Anda disambungkan setelah Anda masuk.</p>`,
    off: button('Masuk dengan Lawang'),
  };
  return `<h1>Perpustakaan Kota</h1><main data-stage="${here ?? 'none'}">${problem}${pages[here ?? 'none']}</main>`;
}

/** Once the old accounts are closed nobody is asked for their passwords any more. */
async function linkPage({ arrived, visitor }, wrong) {
  const old = `<form method="post" action="/link">
    <label>Nomor anggota <input name="number"></label>
    <label>Kata sandi lama <input type="password" name="password"></label>
    <button id="link">Sambungkan akun lama saya</button></form>`;
  const isClosed = (await stage.of(visitor)) === 'off';
  return `<h1>Selamat datang, ${escapeHtml(arrived.name ?? '')}</h1>${wrong ? `<p id="problem" role="alert">${wrong}</p>` : ''}
    ${isClosed ? '' : old}<form method="post" action="/new"><button id="new">Saya belum punya akun di sini</button></form>`;
}

function openMember(number, name, password, sub) {
  const salt = randomBytes(16);
  const hash = password && scryptSync(password, salt, 32);
  const member = { number, name, salt, hash, sub };
  members.set(number, member);
  return member;
}

/** The same work for a number that there is not. */
function checkPassword(number, password) {
  const member = members.get(number);
  const hash = scryptSync(password ?? '', member?.salt ?? 'nobody', 32);
  return member?.hash && timingSafeEqual(hash, member.hash) ? member : undefined;
}

function begin(session, member) {
  Object.assign(renew(session), { member, arrived: undefined });
}

/** Another id, so that nobody who knew the one before comes along. */
function renew(session) {
  sessions.delete(session.id);
  Object.assign(session, { id: randomUUID(), state: undefined, nonce: undefined, codeVerifier: undefined });
  sessions.set(session.id, session);
  return session;
}

createServer(async (request, response) => {
  const hear = hearing[`${request.method} ${request.url}`];
  if (hear) return hear(request, response);
  const cookie = (name) => new RegExp(`(?:^|; )${name}=([\\w-]+)`).exec(request.headers.cookie ?? '')?.[1];
  const session = sessions.get(cookie('library')) ?? { id: randomUUID() };
  session.visitor = cookie('visitor') ?? randomUUID();
  sessions.set(session.id, session);
  try {
    const url = new URL(request.url, home);
    const answer = await routes[`${request.method} ${url.pathname}`]?.(session, url, await readForm(request));
    response.setHeader('set-cookie', [
      `library=${session.id}; Path=/; HttpOnly; SameSite=Lax`,
      `visitor=${session.visitor}; Path=/; HttpOnly; SameSite=Lax; Max-Age=31536000`,
    ]);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (answer instanceof URL) response.writeHead(303, { location: answer.href }).end();
    else response.writeHead(answer ? 200 : 404).end(answer ?? 'Tidak ada.');
  } catch (error) {
    response.writeHead(400, { 'content-type': 'text/plain' }).end(`${error.error ?? error.code ?? 'error'}\n`);
  }
}).listen(home.port, () => process.stdout.write(`Open ${home.origin}\n`));

/** Forms of other sites are not taken: their browsers leave out the cookie, which is `SameSite=Lax`. */
async function readForm(request) {
  let body = '';
  for await (const piece of request) {
    body += piece;
    if (body.length > 10_000) throw new Error('too large');
  }
  return new URLSearchParams(body);
}

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
