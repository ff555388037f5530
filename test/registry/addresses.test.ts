import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  findKeysUriMistake,
  findPageUriMistake,
  findRedirectUriMistake,
  postLogoutRedirectUriAllowed,
  redirectUriAllowed,
} from '#src/registry/addresses.ts';

const registered = 'https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang';
const production = { sandbox: false };
const sandbox = { sandbox: true };

function web(...redirectUris: string[]) {
  return { type: 'web', redirectUris, postLogoutRedirectUris: redirectUris } as const;
}

function native(...redirectUris: string[]) {
  return { type: 'native', redirectUris, postLogoutRedirectUris: redirectUris } as const;
}

/** Security line 1: what has stolen redirects elsewhere. */
const mutants = [
  ['suffix host', 'https://puskesmas.contoh.go.id.jahat.example/masuk/selesai?dari=lawang'],
  ['prefix host', 'https://jahatpuskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['subdomain', 'https://jahat.puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['parent domain', 'https://contoh.go.id/masuk/selesai?dari=lawang'],
  ['trailing dot', 'https://puskesmas.contoh.go.id./masuk/selesai?dari=lawang'],
  ['user info', 'https://puskesmas.contoh.go.id@jahat.example/masuk/selesai?dari=lawang'],
  ['user info with port', 'https://puskesmas.contoh.go.id:443@jahat.example/masuk/selesai?dari=lawang'],
  ['user before the host', 'https://jahat@puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['encoded slash and dots', 'https://puskesmas.contoh.go.id/masuk/%2f../selesai?dari=lawang'],
  ['encoded dots', 'https://puskesmas.contoh.go.id/masuk/%2e%2e/selesai?dari=lawang'],
  ['dots', 'https://puskesmas.contoh.go.id/lain/../masuk/selesai?dari=lawang'],
  ['dots with a parameter', 'https://puskesmas.contoh.go.id/masuk/..;/selesai?dari=lawang'],
  ['path parameter', 'https://puskesmas.contoh.go.id/masuk/selesai;a=b?dari=lawang'],
  ['double slash', 'https://puskesmas.contoh.go.id//masuk/selesai?dari=lawang'],
  ['no scheme', '//puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['one slash', 'https:/puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['three slashes', 'https:///puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['backslash', 'https://puskesmas.contoh.go.id\\masuk\\selesai?dari=lawang'],
  ['backslash before a host', 'https://jahat.example\\@puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['tab', 'https://puskesmas.contoh.go.id/masuk/\tselesai?dari=lawang'],
  ['encoded tab', 'https://puskesmas.contoh.go.id/%09masuk/selesai?dari=lawang'],
  ['line break', 'https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang\n'],
  ['leading space', ' https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['trailing space', 'https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang '],
  ['NUL', 'https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang\0'],
  ['upper-case host', 'https://PUSKESMAS.contoh.go.id/masuk/selesai?dari=lawang'],
  ['upper-case scheme', 'HTTPS://puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['upper-case path', 'https://puskesmas.contoh.go.id/Masuk/selesai?dari=lawang'],
  ['the usual port', 'https://puskesmas.contoh.go.id:443/masuk/selesai?dari=lawang'],
  ['another port', 'https://puskesmas.contoh.go.id:8443/masuk/selesai?dari=lawang'],
  ['empty port', 'https://puskesmas.contoh.go.id:/masuk/selesai?dari=lawang'],
  ['fragment', 'https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang#x'],
  ['empty fragment', 'https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang#'],
  ['http', 'http://puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['no query', 'https://puskesmas.contoh.go.id/masuk/selesai'],
  ['more query', 'https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang&ke=jahat'],
  ['trailing slash', 'https://puskesmas.contoh.go.id/masuk/selesai/?dari=lawang'],
  ['deeper path', 'https://puskesmas.contoh.go.id/masuk/selesai/lain?dari=lawang'],
  ['percent-encoded letter', 'https://puskesmas.contoh.go.id/masuk/%73elesai?dari=lawang'],
  ['look-alike letter', 'https://puskеsmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['its punycode', 'https://xn--pusksmas-7fg.contoh.go.id/masuk/selesai?dari=lawang'],
  ['full-width dot', 'https://puskesmas。contoh.go.id/masuk/selesai?dari=lawang'],
  ['IPv6', 'https://[::1]/masuk/selesai?dari=lawang'],
  ['IPv4', 'https://127.0.0.1/masuk/selesai?dari=lawang'],
  ['script', 'javascript:alert(1)//https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['data', 'data:text/html,https://puskesmas.contoh.go.id/masuk/selesai?dari=lawang'],
  ['empty', ''],
] as const;

describe('a redirect URI of a web app', () => {
  test('is allowed as registered and not otherwise', () => {
    const client = web('https://lain.contoh.go.id/', registered);
    expect(redirectUriAllowed(client, registered, production)).toBe(true);
    expect(postLogoutRedirectUriAllowed(client, registered, production)).toBe(true);
    expect(mutants.length).toBeGreaterThanOrEqual(30);
  });

  test.each(mutants)('%s is refused', (_, uri) => {
    expect(redirectUriAllowed(web(registered), uri, production)).toBe(false);
    expect(redirectUriAllowed(web(registered), uri, sandbox)).toBe(false);
    expect(postLogoutRedirectUriAllowed(web(registered), uri, sandbox)).toBe(false);
  });

  test('is refused with any one character inserted, dropped or replaced', () => {
    const edit = fc.record({
      at: fc.nat(registered.length - 1),
      drop: fc.nat(1),
      insert: fc.string({ unit: 'binary', maxLength: 2 }),
    });
    fc.assert(
      fc.property(edit, ({ at, drop, insert }) => {
        const uri = registered.slice(0, at) + insert + registered.slice(at + drop);
        for (const options of [production, sandbox])
          expect(redirectUriAllowed(web(registered), uri, options)).toBe(uri === registered);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('the port of a loopback address', () => {
  const loopback = ['http://localhost:3001/callback', 'http://127.0.0.1:3001/callback', 'http://[::1]:3001/callback'];

  test.each(loopback)('%s: any port in a sandbox, only this one in production', (uri) => {
    for (const port of [':1', ':80', ':49152', ':65535', '']) {
      const other = uri.replace(':3001', port);
      expect(redirectUriAllowed(web(uri), other, sandbox)).toBe(true);
      expect(postLogoutRedirectUriAllowed(web(uri), other, sandbox)).toBe(true);
      expect(redirectUriAllowed(web(uri), other, production)).toBe(false);
      expect(postLogoutRedirectUriAllowed(web(uri), other, production)).toBe(false);
    }
  });

  test('is free for native apps everywhere (RFC 8252 §7.3)', () => {
    const uri = 'http://127.0.0.1/callback';
    expect(redirectUriAllowed(native(uri), 'http://127.0.0.1:51004/callback', production)).toBe(true);
    expect(postLogoutRedirectUriAllowed(native(uri), 'http://127.0.0.1:51004/callback', production)).toBe(true);
  });

  test.each([
    ['other spelling of the host', 'http://127.0.0.1:3001/callback'],
    ['upper case', 'http://LOCALHOST:3001/callback'],
    ['subdomain', 'http://jahat.localhost:3001/callback'],
    ['suffix', 'http://localhost.jahat.example:3001/callback'],
    ['suffix without a dot', 'http://localhostx/callback'],
    ['user info', 'http://localhost:3001@jahat.example/callback'],
    ['password as port', 'http://localhost:1@jahat.example:3001/callback'],
    ['user before', 'http://a@localhost:3001/callback'],
    ['https', 'https://localhost:3001/callback'],
    ['port 0', 'http://localhost:0/callback'],
    ['port too large', 'http://localhost:65536/callback'],
    ['port with a zero before', 'http://localhost:03001/callback'],
    ['port with letters', 'http://localhost:3001a/callback'],
    ['empty port', 'http://localhost:/callback'],
    ['two ports', 'http://localhost:3001:3002/callback'],
    ['backslash', 'http://localhost:3001\\callback'],
    ['other path', 'http://localhost:3001/callback/'],
    ['more path', 'http://localhost:3001/callback/../jahat'],
    ['query', 'http://localhost:3001/callback?x'],
    ['fragment', 'http://localhost:3001/callback#x'],
    ['line break', 'http://localhost:3001/callback\n'],
    ['long form of IPv6', 'http://[0:0:0:0:0:0:0:1]:3001/callback'],
  ])('%s is refused although the port is free', (_, uri) => {
    expect(redirectUriAllowed(web('http://localhost:3001/callback'), uri, sandbox)).toBe(false);
    expect(redirectUriAllowed(native('http://localhost:3001/callback'), uri, production)).toBe(false);
  });

  test('frees nothing of an address that is not loopback', () => {
    const uri = 'http://localhost.contoh.go.id:3001/callback';
    expect(redirectUriAllowed(web(uri), uri.replace('3001', '3002'), sandbox)).toBe(false);
  });

  test('whatever an allowed address is, a browser takes it to the registered host and path', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        'http://',
        'localhost',
        '127.0.0.1',
        ':',
        '@',
        '/',
        '\\',
        '?',
        '#',
        '..',
        '3001',
        '/callback',
        '.',
      ),
      fc.string({ unit: 'binary', maxLength: 3 }),
    );
    const attempt = fc.array(piece, { maxLength: 6 }).map((pieces) => `http://localhost${pieces.join('')}`);
    fc.assert(
      fc.property(attempt, (uri) => {
        if (!redirectUriAllowed(web('http://localhost:3001/callback'), uri, sandbox)) return;
        const { protocol, hostname, pathname, search, hash, username } = new URL(uri);
        expect([protocol, hostname, pathname, search, hash, username]).toEqual([
          'http:',
          'localhost',
          '/callback',
          '',
          '',
          '',
        ]);
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('registering a redirect URI', () => {
  test.each([
    ['web', 'production', 'https://puskesmas.contoh.go.id/callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id'],
    ['web', 'production', 'https://puskesmas.contoh.go.id:8443/callback?dari=lawang&x=1'],
    ['web', 'production', 'https://xn--mller-kva.example/callback'],
    ['web', 'sandbox', 'http://localhost:3001/callback'],
    ['web', 'sandbox', 'http://127.0.0.1:3001/callback'],
    ['spa', 'sandbox', 'http://[::1]:3003/callback'],
    ['native', 'production', 'http://127.0.0.1/callback'],
    ['native', 'production', 'http://[::1]/callback'],
    ['native', 'production', 'id.go.contoh.ponsel:/callback'],
    ['native', 'production', 'com.example.ponsel:/oauth/callback'],
    ['native', 'production', 'https://ponsel.contoh.go.id/callback'],
  ] as const)('%s in %s may have %s', (type, mode, uri) => {
    expect(findRedirectUriMistake(uri, { type, mode })).toBeUndefined();
  });

  test.each([
    ['web', 'production', 'http://localhost:3001/callback'],
    ['web', 'production', 'https://localhost/callback'],
    ['web', 'production', 'http://127.0.0.1:3001/callback'],
    ['native', 'production', 'http://localhost/callback'],
    ['web', 'sandbox', 'http://puskesmas.contoh.go.id/callback'],
    ['web', 'sandbox', 'http://localhost.jahat.example/callback'],
    ['web', 'sandbox', 'http://192.168.1.4/callback'],
    ['web', 'production', 'https://10.0.0.1/callback'],
    ['web', 'production', 'https://8.8.8.8/callback'],
    ['web', 'production', 'https://[2001:db8::1]/callback'],
    ['web', 'production', 'https://intranet/callback'],
    ['web', 'production', 'https://0x7f.1/callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id./callback'],
    ['web', 'production', 'https://*.contoh.go.id/callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/*'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/callback#'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/callback#x'],
    ['web', 'production', 'https://a:b@puskesmas.contoh.go.id/callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/a/../callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/a/..;/callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/a/%2e%2e/callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/a%2fcallback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/a%5ccallback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/%0d%0aSet-Cookie:x'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/%zz'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/"><script>'],
    ['web', 'production', 'https://puskesmas.contoh.go.id\\callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/call back'],
    ['web', 'production', 'https://puskesmas.contoh.go.id/call\tback'],
    ['web', 'production', 'HTTPS://puskesmas.contoh.go.id/callback'],
    ['web', 'production', 'https://Puskesmas.contoh.go.id/callback'],
    ['web', 'production', 'https://puskesmas.contoh.go.id:443/callback'],
    ['web', 'production', 'https://müller.example/callback'],
    ['web', 'sandbox', 'javascript:alert(1)'],
    ['native', 'sandbox', 'javascript:alert(1)'],
    ['web', 'sandbox', 'data:text/html,x'],
    ['native', 'sandbox', 'data:text/html,x'],
    ['native', 'sandbox', 'file:///etc/passwd'],
    ['native', 'production', 'contoh:/callback'],
    ['native', 'production', 'kesehatan.ponsel-saya:/callback'],
    ['native', 'production', 'id.go:/callback'],
    ['native', 'production', 'id.go.contoh.ponsel://callback'],
    ['native', 'production', 'id.go.contoh.ponsel:callback'],
    ['native', 'production', 'http://127.0.0.1.jahat.example/callback'],
    ['web', 'production', 'id.go.contoh.ponsel:/callback'],
    ['web', 'production', '/callback'],
    ['web', 'production', 'puskesmas.contoh.go.id/callback'],
    ['web', 'production', ''],
    ['web', 'production', `https://puskesmas.contoh.go.id/${'a'.repeat(2_000)}`],
  ] as const)('%s in %s may not have %s', (type, mode, uri) => {
    expect(findRedirectUriMistake(uri, { type, mode })).toEqual({
      what: expect.stringMatching(/./),
      expected: expect.stringMatching(/./),
    });
  });

  test('an address in unusual spelling is answered with the usual one', () => {
    const mistake = findRedirectUriMistake('https://Puskesmas.contoh.go.id:443/x', { type: 'web', mode: 'production' });
    expect(mistake?.expected).toBe('https://puskesmas.contoh.go.id/x');
  });

  test('no text at all makes it throw, and what passes is https', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl()), (uri) => {
        const mistake = findRedirectUriMistake(uri, { type: 'web', mode: 'production' });
        if (!mistake) expect(uri).toMatch(/^https:\/\/[a-z\d]/);
      }),
    );
  });
});

describe('other addresses', () => {
  test('keys are fetched from public https hosts only', () => {
    expect(findKeysUriMistake('https://puskesmas.contoh.go.id/jwks.json')).toBeUndefined();
    const private_ = [
      'http://puskesmas.contoh.go.id/',
      'https://localhost/',
      'https://127.0.0.1/',
      'https://10.1.2.3/',
    ];
    for (const uri of [...private_, 'https://169.254.169.254/', 'https://[::ffff:7f00:1]/', 'https://[fd00::1]/'])
      expect(findKeysUriMistake(uri), uri).toBeDefined();
  });

  test('pages are https, in a sandbox also http on loopback', () => {
    expect(findPageUriMistake('https://puskesmas.contoh.go.id/', 'production')).toBeUndefined();
    expect(findPageUriMistake('http://localhost:3001/', 'sandbox')).toBeUndefined();
    expect(findPageUriMistake('http://localhost:3001/', 'production')).toBeDefined();
    expect(findPageUriMistake('http://puskesmas.contoh.go.id/', 'sandbox')).toBeDefined();
    expect(findPageUriMistake('javascript:alert(1)', 'sandbox')).toBeDefined();
  });
});
