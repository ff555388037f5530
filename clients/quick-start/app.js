import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oidc from 'openid-client';

const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_REDIRECT_URI } = process.env;
const home = new URL('/', OIDC_REDIRECT_URI);
const secret = oidc.ClientSecretBasic(OIDC_CLIENT_SECRET);
const onThisMachine = new URL(OIDC_ISSUER).hostname === 'localhost';
const lawang = await oidc.discovery(new URL(OIDC_ISSUER), OIDC_CLIENT_ID, {}, secret, {
  execute: onThisMachine ? [oidc.allowInsecureRequests] : [],
});
const keys = createRemoteJWKSet(new URL(lawang.serverMetadata().jwks_uri));
// A real app has both in its database.
const sessions = new Map();
const logoutsHad = new Set();

const routes = {
  'GET /': ({ name }) =>
    name
      ? `<p>Selamat datang, <b id="signed-in-name">${escapeHtml(name)}</b></p>
         <form method="post" action="/sign-out"><button id="sign-out">Keluar</button></form>`
      : '<a id="sign-in" href="/sign-in">Masuk dengan Lawang</a>',

  'GET /sign-in': async (session) => {
    sessions.set(session.id, session);
    session.codeVerifier = oidc.randomPKCECodeVerifier();
    session.state = oidc.randomState();
    session.nonce = oidc.randomNonce();
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
    const { state, nonce, codeVerifier } = session;
    if (!state) throw new Error('This sign-in did not begin in this browser.');
    const tokens = await oidc.authorizationCodeGrant(lawang, url, {
      expectedState: state,
      expectedNonce: nonce,
      pkceCodeVerifier: codeVerifier,
      idTokenExpected: true,
    });
    const { sub, sid } = tokens.claims();
    const { name } = await oidc.fetchUserInfo(lawang, tokens.access_token, sub);
    sessions.delete(session.id);
    session.id = randomUUID();
    sessions.set(session.id, { id: session.id, sub, sid, name, idToken: tokens.id_token });
    return home;
  },

  'POST /sign-out': (session) => {
    const { idToken } = session;
    sessions.delete(session.id);
    const back = new URL('/signed-out', home).href;
    return oidc.buildEndSessionUrl(lawang, { id_token_hint: idToken, post_logout_redirect_uri: back });
  },

  'GET /signed-out': () => '<p id="signed-out">Anda sudah keluar.</p><a href="/">Halaman depan</a>',
};

// Register this address as `backchannel_logout_uri`: Lawang says who is signed out (OpenID Connect Back-Channel Logout 1.0).
async function hearLogout(request, response) {
  response.setHeader('cache-control', 'no-store');
  const token = new URLSearchParams(await text(request)).get('logout_token') ?? '';
  // Without the keys nothing can be said about a token: it is sent again.
  if (!keys.fresh) await keys.reload();
  try {
    const { payload } = await jwtVerify(token, keys, {
      issuer: OIDC_ISSUER,
      audience: OIDC_CLIENT_ID,
      typ: 'logout+jwt',
      maxTokenAge: '2 minutes',
      clockTolerance: 30,
      requiredClaims: ['exp', 'jti', 'events'],
    });
    const { sub, sid, jti, nonce, events } = payload;
    const event = events['http://schemas.openid.net/event/backchannel-logout'];
    if (typeof event !== 'object' || nonce || !(sub || sid)) throw new Error('no logout token');
    if (!logoutsHad.has(jti))
      for (const session of sessions.values())
        if ((!sub || session.sub === sub) && (!sid || session.sid === sid)) sessions.delete(session.id);
    logoutsHad.add(jti);
    response.writeHead(200).end();
  } catch {
    response.writeHead(400).end();
  }
}

createServer(async (request, response) => {
  if (request.method === 'POST' && request.url === '/backchannel-logout')
    return hearLogout(request, response).catch(() => response.writeHead(503).end());
  const id = /(?:^|; )quick-start=([\w-]+)/.exec(request.headers.cookie ?? '')?.[1];
  const session = sessions.get(id) ?? { id: randomUUID() };
  try {
    const url = new URL(request.url, home);
    const answer = await routes[`${request.method} ${url.pathname}`]?.(session, url);
    response.setHeader('set-cookie', `quick-start=${session.id}; Path=/; HttpOnly; SameSite=Lax`);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    if (answer instanceof URL) response.writeHead(303, { location: answer.href }).end();
    else response.writeHead(answer ? 200 : 404).end(answer ?? 'Tidak ada.');
  } catch (error) {
    const code = error.error ?? error.cause?.[0]?.parameters.error ?? error.message;
    response.writeHead(400, { 'content-type': 'text/plain' }).end(`${code}\n`);
  }
}).listen(home.port, () => process.stdout.write(`Open ${home.origin}\n`));

function escapeHtml(text) {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
