import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import * as oidc from 'openid-client';

const { OIDC_ISSUER, OIDC_CLIENT_ID, OIDC_CLIENT_SECRET, OIDC_REDIRECT_URI } = process.env;
const home = new URL('/', OIDC_REDIRECT_URI);
const secret = oidc.ClientSecretBasic(OIDC_CLIENT_SECRET);
const onThisMachine = new URL(OIDC_ISSUER).hostname === 'localhost';
const lawang = await oidc.discovery(new URL(OIDC_ISSUER), OIDC_CLIENT_ID, {}, secret, {
  execute: onThisMachine ? [oidc.allowInsecureRequests] : [],
});
const sessions = new Map();

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
    const person = await oidc.fetchUserInfo(lawang, tokens.access_token, tokens.claims().sub);
    sessions.delete(session.id);
    session.id = randomUUID();
    sessions.set(session.id, { id: session.id, subject: person.sub, name: person.name, idToken: tokens.id_token });
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

createServer(async (request, response) => {
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
