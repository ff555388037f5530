/** Who we are is configured, and who calls is told by the connection or by our own proxies (security line 34). */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exchange } from '#test/support/browser-agent.ts';
import { openWorld, signIn, type World } from '#test/support/world.ts';
import { openScene, requestsOf, type Scene, send } from './scene.ts';

const evil = 'jahat.example';

/** What a stranger may write to be taken for somebody else, or to make us somebody else. */
const forged: Readonly<Record<string, string>> = {
  host: evil,
  forwarded: `for=10.1.1.1;host=${evil};proto=https`,
  'x-forwarded-host': evil,
  'x-forwarded-server': evil,
  'x-forwarded-proto': 'https',
  'x-forwarded-port': '443',
  'x-forwarded-prefix': `//${evil}`,
  'x-forwarded-for': '10.1.1.1',
  'x-real-ip': '10.1.1.1',
  'x-original-url': `https://${evil}/`,
  'x-rewrite-url': `https://${evil}/`,
  'x-host': evil,
  'x-original-host': evil,
};

/** What proxies call the certificate of a client. */
const certificates: Readonly<Record<string, string>> = Object.fromEntries(
  [
    'x-client-cert',
    'x-ssl-client-cert',
    'x-ssl-client-verify',
    'x-forwarded-client-cert',
    'ssl-client-cert',
    'client-cert',
    'client-cert-chain',
    'x-amzn-mtls-clientcert',
    'x-arr-clientcert',
  ].map((name) => [name, name.includes('verify') ? 'SUCCESS' : `CN=${evil}`]),
);

let world: World;
let scene: Scene;

beforeAll(async () => {
  world = await openWorld();
  scene = await openScene(world);
});

afterAll(() => world[Symbol.asyncDispose]());

test('no answer repeats a forged host, and everything that leads somewhere leads to the issuer', async () => {
  const before = world.log.length;
  for (const wanted of requestsOf(scene)) {
    for (const html of [true, false]) {
      const said = await send(world, { ...wanted, headers: { ...wanted.headers, ...forged } }, html);
      const name = `${wanted.method} ${wanted.path}`;
      const text = JSON.stringify([...said.headers]) + said.body;
      expect([name, text.includes(evil)]).toEqual([name, false]);
      expect([name, said.status < 500]).toEqual([name, true]);
      expect([name, said.headers.getSetCookie().some((line) => /secure/i.test(line))]).toEqual([name, false]);
      const location = said.headers.get('location');
      const leads = location && new URL(location, world.issuer).origin;
      expect([name, [null, world.issuer, 'http://localhost:3001']]).toEqual([name, expect.arrayContaining([leads])]);
    }
  }
  expect(world.log.slice(before).join('')).not.toContain(evil);
});

test('discovery names the issuer alone', async () => {
  const plain = await exchange(`${world.issuer}/.well-known/openid-configuration`);
  const said = await exchange(`${world.issuer}/.well-known/openid-configuration`, { headers: forged });
  expect(said.body).toBe(plain.body);
  expect(JSON.parse(said.body).issuer).toBe(world.issuer);
});

test('the link that cancels a recovery leads to the issuer, whatever host was asked', async () => {
  const [mail, phone] = ['pulih@contoh.id', '+6281288880001'];
  const accountId = await world.citizen(mail, { profile: { phone_number: phone, phone_number_verified: true } });
  await world.database.execute('update contacts set first_device = value_index where account_id = $1', [accountId]);
  const browser = world.browser({ headers: forged });
  const app = await world.app();
  const entry = await (await browser.visit((await app.startSignIn()).url)).follow('#recover');
  const codePage = await entry.fill({ identifier: mail }).press('#continue');
  const ways = await codePage.fill({ code: (await world.message(mail)).code ?? '' }).press('#continue');
  const second = await ways.press('#send-second-code');
  await second.fill({ code: (await world.message(phone)).code ?? '' }).press('#continue');
  for (const contact of [mail, phone]) {
    const { text } = await world.message(contact);
    expect(text).toContain(`${world.issuer}/recovery/cancel?token=`);
    expect(text).not.toContain(evil);
  }
});

test('messages name the issuer alone', async () => {
  const browser = world.browser({ headers: forged });
  const app = await world.app();
  const page = await browser.visit((await app.startSignIn()).url);
  await page.fill({ identifier: 'surat@contoh.id' }).press('#send-code');
  const { text, subject } = await world.message('surat@contoh.id');
  expect(text + subject).not.toContain(evil);
});

test('a request for another host in its first line is a request to us', async () => {
  for (const target of [
    `http://${evil}/account`,
    `https://${evil}/authorize?client_id=x`,
    `//${evil}/account`,
    `/\\${evil}`,
  ]) {
    const said = await raw(`GET ${target} HTTP/1.1\r\nHost: ${evil}\r\nAccept: text/html\r\nConnection: close\r\n\r\n`);
    const status = Number(said.slice(9, 12));
    expect([target, status >= 200 && status < 500]).toEqual([target, true]);
    const leads = [...said.matchAll(/(?:^location: |href="|action="|src=")([^"\r\n]*)/gim)].map(([, to = '']) => {
      return URL.parse(to, world.issuer)?.host ?? to;
    });
    expect([target, leads.filter((host) => host.includes(evil))]).toEqual([target, []]);
  }
});

test('a sign-in that begins with the name of another host in its first line ends where it should', async () => {
  const attempt = await scene.app.startSignIn();
  const { pathname, search } = attempt.url;
  const said = await raw(
    `GET http://${evil}${pathname}${search} HTTP/1.1\r\nHost: ${evil}\r\nConnection: close\r\n\r\n`,
  );
  const browser = world.browser();
  browser.cookies.keep(
    new URL(world.issuer),
    [...said.matchAll(/^set-cookie: (.*)\r$/gim)].map(([, line = '']) => line),
  );
  const page = await browser.visit(new URL(/^location: (.*)\r$/im.exec(said)?.[1] ?? '', world.issuer));
  await scene.app.finishSignIn(attempt, await signIn(page));
});

test('a certificate in a header is nobody', async () => {
  const [token] = requestsOf(scene).filter(({ path }) => path === '/introspect');
  if (!token) throw new Error('there is no such request');
  const said = await send(
    world,
    { ...token, headers: certificates, form: { ...token.form, client_id: 'puskesmas-online' } },
    false,
  );
  expect([said.status, JSON.parse(said.body).error]).toEqual([401, 'invalid_client']);
});

function raw(request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(new URL(world.issuer).port), '127.0.0.1', () => socket.write(request));
    let text = '';
    socket.setEncoding('utf8');
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', reject).on('close', () => resolve(text));
  });
}
