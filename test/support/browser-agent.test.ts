import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { BrowserAgent, CookieJar, exchange } from './browser-agent.ts';

type Answering = (request: IncomingMessage, response: ServerResponse, body: string) => void;

let server: Server;
let origin: string;
let answers: Record<string, Answering>;

beforeEach(async () => {
  answers = {};
  server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const answer = answers[path];
    if (answer) answer(request, response, body);
    else response.writeHead(404).end('nothing here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://localhost:${(server.address() as AddressInfo).port}`;
});

afterEach(() => {
  vi.useRealTimers();
  return new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
});

const show =
  (html: string, headers: Record<string, string> = {}): Answering =>
  (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html', ...headers }).end(html);

const echo: Answering = (request, response, body) => {
  const said = JSON.stringify({ method: request.method, headers: request.headers, body });
  response.end(`<pre id="said">${said.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</pre>`);
};

const redirect =
  (status: number, location: string, cookies: string[] = []): Answering =>
  (_request, response) =>
    response.writeHead(status, { location, 'set-cookie': cookies }).end();

interface Said {
  method: string;
  headers: Record<string, string | undefined>;
  body: string;
}

describe('files', () => {
  const form = `<form method="post" enctype="multipart/form-data" action="/sent">
    <input type="hidden" name="csrf" value="token"><input type="file" name="file"><button id="send" name="action" value="send">Kirim</button>
  </form>`;

  it('sends what was chosen in parts, with its name and type', async () => {
    answers = { '/': show(form), '/sent': echo };
    const page = await new BrowserAgent().visit(`${origin}/`);
    const file = new File(['nama;host'], 'daftar.csv', { type: 'text/csv' });
    const said = JSON.parse((await page.choose('file', file).press('#send')).text('#said')) as Said;
    expect(said.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
    expect(said.body).toMatch(/name="csrf"\s+token\s/);
    expect(said.body).toMatch(/name="file"; filename="daftar.csv"\s+Content-Type: text\/csv\s+nama;host\s/);
  });

  it('sends an empty part where nothing was chosen', async () => {
    answers = { '/': show(form), '/sent': echo };
    const page = await new BrowserAgent().visit(`${origin}/`);
    const said = JSON.parse((await page.press('#send')).text('#said')) as Said;
    expect(said.body).toMatch(/name="file".*\s+Content-Type: application\/octet-stream\s+--/);
  });
});

describe('forms', () => {
  const form = `<form method="post" action="/sent" id="f">
    <input type="hidden" name="csrf" value="a&amp;b&quot;c"><input name="identifier" value="old"><input name="off" disabled value="1">
    <input type="checkbox" name="claim" value="phone"><input type="checkbox" name="claim" value="address" checked>
    <select name="kind"><option value="1">one</option><option value="2" selected>two</option></select><textarea name="note">x</textarea>
    <button id="sign-in" name="action" value="sign-in">Masuk</button><button id="cancel" name="action" value="cancel">Batal</button>
  </form><button id="outside" form="f" name="action" value="outside">Luar</button>`;

  it('sends the fields of the form and the pressed button alone, with the origin and no Sec-Fetch headers', async () => {
    answers = { '/': show(form), '/sent': echo };
    const page = await new BrowserAgent().visit(origin);
    page.fill({ identifier: 'siti@contoh.id' }).tick('claim', 'phone').untick('claim', 'address');
    expect(page.value('identifier')).toBe('siti@contoh.id');
    const said = (await page.press('#sign-in')).json<Said>('#said');
    expect([...new URLSearchParams(said.body)]).toEqual([
      ['csrf', 'a&b"c'],
      ['identifier', 'siti@contoh.id'],
      ['claim', 'phone'],
      ['kind', '2'],
      ['note', 'x'],
      ['action', 'sign-in'],
    ]);
    expect(said.method).toBe('POST');
    expect(said.headers).toMatchObject({ origin, 'accept-language': 'id' });
    expect(Object.keys(said.headers).filter((name) => name.startsWith('sec-'))).toEqual([]);
  });

  it('knows a button outside its form, a form without a button, and GET', async () => {
    answers = {
      '/': show(form),
      '/sent': echo,
      '/get': show('<form action="/sent?x=1"><input name="q" value="é"></form>'),
    };
    const browser = new BrowserAgent();
    const page = await browser.visit(origin);
    expect((await page.press('#outside')).json<Said>('#said').body).toMatch(/action=outside$/);
    expect((await page.submit('#f')).json<Said>('#said').body).not.toContain('action');
    expect((await (await browser.visit(`${origin}/get`)).submit()).url.search).toBe('?q=%C3%A9');
  });

  it.each([
    ['no-referrer', 'null'],
    ['same-origin', 'own'],
    ['', 'own'],
  ])('under the referrer policy "%s" the origin is %s', async (policy, expected) => {
    answers = { '/': show(form, policy ? { 'referrer-policy': policy } : {}), '/sent': echo };
    const page = await new BrowserAgent().visit(origin);
    const said = (await page.press('#cancel')).json<Said>('#said');
    expect(said.headers.origin).toBe(expected === 'own' ? origin : 'null');
  });

  it('explains what is missing', async () => {
    answers = { '/': show(`<p>Maaf</p>${form}`) };
    const page = await new BrowserAgent().visit(origin);
    expect(() => page.fill({ password: 'x' })).toThrow(/no field password at .*\(200\)[\s\S]*identifier[\s\S]*Maaf/);
    expect(() => page.press('#nowhere')).toThrow(/no #nowhere[\s\S]*#sign-in/);
  });
});

describe('redirects', () => {
  it('are followed with their cookies and recorded', async () => {
    answers = {
      '/start': redirect(303, '/next?a=1', ['one=1; Path=/']),
      '/next': redirect(302, 'end', ['two=2']),
      '/end': echo,
    };
    const page = await new BrowserAgent().post(`${origin}/start`, { x: 'y' });
    expect(page.hops.map(({ method, url, status }) => `${method} ${url.pathname}${url.search} ${status}`)).toEqual([
      'POST /start 303',
      'GET /next?a=1 302',
      'GET /end 200',
    ]);
    expect(page.json<Said>('#said').headers.cookie).toBe('one=1; two=2');
  });

  it('repeat a POST at 307, and stop after twenty', async () => {
    answers = { '/again': redirect(307, '/end'), '/end': echo, '/loop': redirect(302, '/loop') };
    const browser = new BrowserAgent();
    const said = (await browser.post(`${origin}/again`, { x: 'y' })).json<Said>('#said');
    expect(said).toMatchObject({ method: 'POST', body: 'x=y' });
    await expect(browser.visit(`${origin}/loop`)).rejects.toThrow('more than 20 redirects');
  });

  it('end at an address that nobody serves, also by a form', async () => {
    const callback = 'https://layanan-1.contoh.go.id/callback';
    answers = {
      '/start': redirect(303, `${callback}?code=c&state=s`),
      '/post': show(`<form method="post" action="${callback}"><input type="hidden" name="code" value="c"></form>`),
    };
    const browser = new BrowserAgent({ stopAt: [callback] });
    const page = await browser.visit(`${origin}/start`);
    expect([page.status, page.url.href]).toEqual([0, `${callback}?code=c&state=s`]);
    const posted = await (await browser.visit(`${origin}/post`)).submit();
    expect(posted.hops.at(-1)?.form?.get('code')).toBe('c');
  });
});

describe('what a page says', () => {
  it('is read by simple selectors', async () => {
    answers = {
      '/': show(`<title>T</title><style>p{}</style><h1>Halo,&nbsp;<b>Siti</b> &lt;3</h1><noscript><p id="n">tanpa</p></noscript>
        <ul id="apps"><li data-client="a"><button class="disconnect big">x</button><li data-client="b b"><a href="/to">Ke <i>sana</i></a></ul>`),
      '/to': show('<p>sampai</p>'),
    };
    const page = await new BrowserAgent().visit(origin);
    expect(page.text('h1')).toBe('Halo, Siti <3');
    expect(page.text()).not.toContain('p{}');
    expect(page.text('#n')).toBe('tanpa');
    expect(page.attributes('#apps [data-client]', 'data-client')).toEqual(['a', 'b b']);
    expect(page.has('[data-client=a] button.disconnect')).toBe(true);
    expect(page.has('[data-client="b b"] .disconnect')).toBe(false);
    expect(page.count('li,button')).toBe(3);
    expect((await page.follow({ text: 'Ke sana' })).text()).toBe('sampai');
    expect((await page.follow('[data-client="b b"] a')).url.pathname).toBe('/to');
  });
});

describe('cookies', () => {
  const at = (path: string) => new URL(path, 'http://localhost:3000');

  it('go to their host and path, on every port', () => {
    const jar = new CookieJar();
    jar.keep(at('/interaction/abc'), ['here=1', 'all=2; Path=/', 'deep=3; Path=/interaction/abc/more']);
    expect(jar.header(at('/interaction/xyz'))).toBe('here=1; all=2');
    expect(jar.header(at('/interactions'))).toBe('all=2');
    expect(jar.header(new URL('http://localhost:3001/'))).toBe('all=2');
    expect(jar.header(new URL('http://127.0.0.1:3000/'))).toBeUndefined();
  });

  it('go to the hosts below only with a domain, and never by somebody else for it', () => {
    const jar = new CookieJar();
    const host = new URL('https://masuk.contoh.id/');
    jar.keep(host, ['own=1', 'wide=2; Domain=.contoh.id', 'foreign=3; Domain=lain.id']);
    expect(jar.header(host)).toBe('own=1; wide=2');
    expect(jar.header(new URL('https://app.contoh.id/'))).toBe('wide=2');
  });

  it('end by Max-Age, by Expires and with the day', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_800_000_000_000 });
    const jar = new CookieJar();
    jar.keep(at('/'), ['day=1', 'minute=2; Max-Age=60', 'past=3; Expires=Thu, 01 Jan 1970 00:00:00 GMT']);
    expect(jar.header(at('/'))).toBe('day=1; minute=2');
    vi.setSystemTime(1_800_000_061_000);
    expect(jar.header(at('/'))).toBe('day=1');
    jar.dropSessionCookies();
    expect(jar.header(at('/'))).toBeUndefined();
  });

  it('are replaced, and removed by an expired one', () => {
    const jar = new CookieJar();
    jar.keep(at('/'), ['a=1', 'a=2']);
    expect(jar.header(at('/'))).toBe('a=2');
    jar.keep(at('/'), ['a=; Max-Age=0']);
    expect(jar.all).toEqual([]);
  });

  it('obey Secure and the prefixes', () => {
    const jar = new CookieJar();
    jar.keep(new URL('http://contoh.id/'), ['s=1; Secure', '__Host-h=1; Path=/', '__Secure-s=1']);
    expect(jar.all).toEqual([]);
    jar.keep(at('/'), ['s=1; Secure', '__Host-h=2; Secure; Path=/', '__Host-x=3; Secure; Path=/; Domain=localhost']);
    expect(jar.header(at('/'))).toBe('s=1; __Host-h=2');
  });
});

it('sends what no browser would', async () => {
  answers = { '/odd': echo };
  const answer = await exchange(`${origin}/odd`, {
    method: 'PUT',
    headers: { 'x-forwarded-host': 'jahat.id' },
    body: '{',
  });
  expect(answer.status).toBe(200);
  expect(answer.body).toContain('jahat.id');
});
