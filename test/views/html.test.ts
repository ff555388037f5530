import { describe, expect, test } from 'vitest';
import { Html, html, jsonBlock, safeAddress, trustedMarkup } from '#views/html.ts';

const hostile = `"><script>alert('x')</script>&`;

describe('the html tag', () => {
  test('escapes what stands in text', () => {
    expect(String(html`<p>${hostile}</p>`)).toBe(
      '<p>&quot;&gt;&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;</p>',
    );
  });

  test('keeps a value inside its double-quoted attribute', () => {
    const markup = String(html`<input value="${hostile} onfocus=alert(1)">`);
    expect(markup.match(/"/g)).toHaveLength(2);
    expect(markup).not.toContain('<script');
  });

  test('drops control characters and marks that turn writing around', () => {
    expect(String(html`${'a\0b\x08c\u202ed\u2066e\u007f'}`)).toBe('abcde');
  });

  test('keeps names in any script, and line breaks', () => {
    expect(String(html`${'Ni Luh\nᬅᬓ᭄ᬱᬭ 王 Ñ'}`)).toBe('Ni Luh\nᬅᬓ᭄ᬱᬭ 王 Ñ');
  });

  test('leaves out what is absent and joins lists', () => {
    expect(String(html`[${undefined}${null}${false}${0}${''}${['a', html`<b>${'<'}</b>`, [1, false]]}]`)).toBe(
      '[0a<b>&lt;</b>1]',
    );
  });

  test('does not escape twice what the tag made', () => {
    expect(String(html`<ul>${html`<li>${'&'}</li>`}</ul>`)).toBe('<ul><li>&amp;</li></ul>');
  });

  test('alone can make markup', () => {
    // @ts-expect-error the constructor is ours
    const forge = (): Html => new Html('<b>');
    expect(forge).toBeTypeOf('function');
    expect(() => String(html`${Object.create(Html.prototype)}`)).toThrow(TypeError);
    expect(() => html`${{ toString: () => '<b>' } as unknown as string}`).toThrow(TypeError);
  });

  test('takes our own markup as it is where it is told so', () => {
    expect(String(html`${trustedMarkup('<svg></svg>')}`)).toBe('<svg></svg>');
  });
});

describe('a json block', () => {
  test('cannot be closed from inside and reads back as it was', () => {
    const data = { name: '</script><script>alert(1)</script><!--', line: '\u2028\u2029' };
    const markup = String(jsonBlock('passkey-options', data));
    expect(markup.match(/<\/script/g)).toHaveLength(1);
    expect(markup).not.toContain('<!--');
    expect(JSON.parse(markup.replace(/^<script[^>]*>|<\/script>$/g, ''))).toEqual(data);
  });
});

describe('a safe address', () => {
  test.each(['/account', '/a?b=c#d', '?lang=en', '#main', 'https://puskesmas.go.id/', 'http://localhost:3001/x'])(
    '%s may be linked',
    (address) => expect(safeAddress(address)).toBe(address),
  );

  test.each([
    undefined,
    '',
    'javascript:alert(1)',
    ' javascript:alert(1)',
    'java\tscript:alert(1)',
    'data:text/html,x',
    'vbscript:x',
    '//evil.example',
    '/\\evil.example',
    '/\t/evil.example',
    '\\\\evil.example',
    'https:///evil.example',
    'https:\\\\evil.example',
    'https://',
    'evil.example/path',
    'mailto:x@y.z',
  ])('%j may not', (address) => expect(safeAddress(address)).toBeUndefined());
});
