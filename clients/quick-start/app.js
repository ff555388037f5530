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
  execute: [oidc.enableNonRepudiationChecks, ...(onThisMachine ? [oidc.allowInsecureRequests] : [])],
});
const keys = createRemoteJWKSet(new URL(lawang.serverMetadata().jwks_uri));
// A real app has both in its database.
const sessions = new Map();
const noticesHad = new Set();

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

  [`GET ${new URL(OIDC_REDIRECT_URI).pathname}`]: async (session, url) => {
    const { state, nonce, codeVerifier } = session;
    if (!state) throw new Error('This sign-in did not begin in this browser.');
    delete session.state;
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
    sessions.delete(session.id);
    return oidc.buildEndSessionUrl(lawang, {
      ...(session.idToken && { id_token_hint: session.idToken }),
      post_logout_redirect_uri: new URL('/signed-out', home).href,
    });
  },

  'GET /signed-out': () => '<p id="signed-out">Anda sudah keluar.</p><a href="/">Halaman depan</a>',
};

const notices = {
  // Register this address as `backchannel_logout_uri`: who is signed out (OpenID Connect Back-Channel Logout 1.0).
  'POST /backchannel-logout': async (body) => {
    const token = new URLSearchParams(body).get('logout_token') ?? '';
    const { sub, sid, jti, nonce, events } = await readNotice(token, 'logout+jwt', ['exp']);
    const event = events['http://schemas.openid.net/event/backchannel-logout'];
    if (!event || typeof event !== 'object' || nonce || !(sub || sid)) throw new Error('no logout token');
    if (!isNew(jti)) return 200;
    for (const session of sessions.values())
      if ((!sub || session.sub === sub) && (!sid || session.sid === sid)) sessions.delete(session.id);
    return 200;
  },

  // Register this address as `event_uri`: what has ended, and why (security event tokens, RFC 8417 and RFC 8935).
  'POST /events': async (body) => {
    const { sub_id, jti, events } = await readNotice(body, 'secevent+jwt');
    // Here your app does what the event asks for, such as deleting what a consent that has ended had let it read.
    if (isNew(jti)) process.stdout.write(`event: ${JSON.stringify({ sub_id, events })}\n`);
    return 202;
  },
};

async function readNotice(token, typ, required = []) {
  const { payload } = await jwtVerify(token, keys, {
    issuer: OIDC_ISSUER,
    audience: OIDC_CLIENT_ID,
    typ,
    maxTokenAge: '2 minutes',
    clockTolerance: 30,
    requiredClaims: ['jti', 'events', ...required],
  });
  return payload;
}

function isNew(jti) {
  return !noticesHad.has(jti) && noticesHad.add(jti);
}

async function answerNotice(hear, request, response) {
  const answer = (status) => response.writeHead(status, { 'cache-control': 'no-store' }).end();
  // What is not genuine is refused; without the keys nothing can be said about it, and it is sent again.
  await hear(await text(request)).then(answer, (error) => answer(isAboutKeys(error) ? 503 : 400));
}

function isAboutKeys(error) {
  return error instanceof TypeError || /^ERR_(JOSE_GENERIC|JWKS_TIMEOUT|JWKS_INVALID)$/.test(error.code);
}

createServer(async (request, response) => {
  const hear = notices[`${request.method} ${request.url}`];
  if (hear) return answerNotice(hear, request, response).catch((error) => process.stderr.write(`${error.message}\n`));
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
