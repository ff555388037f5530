import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_LOGO_BYTES, readLogo } from '#src/registry/logos.ts';
import { cleanSvg } from '#src/registry/svg.ts';

const svg = (content: string, more = ''): string => `<svg xmlns="http://www.w3.org/2000/svg"${more}>${content}</svg>`;

/** The head of a PNG of this size; nothing reads further. */
function png(width: number, height: number): Buffer {
  const head = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');
  const size = Buffer.alloc(8);
  size.writeUInt32BE(width, 0);
  size.writeUInt32BE(height, 4);
  return Buffer.concat([head, size, Buffer.from('0806000000', 'hex'), Buffer.alloc(20)]);
}

test('a drawing of shapes stays a drawing', () => {
  const drawn = svg(
    '<defs><linearGradient id="a"><stop offset="0" stop-color="#E8A33D"/></linearGradient></defs><g fill="url(#a)"><path d="M0 0h9v9z"/></g>',
    ' viewBox="0 0 10 10"',
  );
  const shown = cleanSvg(drawn);
  expect(shown).toContain('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10">');
  expect(shown).toContain('<g fill="url(#a)"><path d="M0 0h9v9z"></path></g>');
  expect(cleanSvg(String(shown))).toBe(shown);
});

test('what a style says of colours is kept, as attributes', () => {
  expect(cleanSvg(svg('<path style="fill:#1C7A4A; behavior:url(x); stroke : red" d="M0 0"/>'))).toContain(
    '<path d="M0 0" fill="#1C7A4A" stroke="red">',
  );
});

test.each([
  ['a script', '<script>alert(1)</script>'],
  ['a script in another namespace', '<x:script xmlns:x="http://www.w3.org/1999/xhtml">alert(1)</x:script>'],
  ['a handler', '<path d="M0 0" onload="alert(1)" ONCLICK="alert(1)"/>'],
  [
    'a page inside',
    '<foreignObject><iframe xmlns="http://www.w3.org/1999/xhtml" src="https://evil.example"/></foreignObject>',
  ],
  ['a picture from elsewhere', '<image href="https://evil.example/x.png"/><feImage href="https://evil.example"/>'],
  ['a link', '<a href="javascript:alert(1)"><path d="M0 0"/></a>'],
  [
    'a link of old',
    '<a xlink:href="https://evil.example" xmlns:xlink="http://www.w3.org/1999/xlink"><path d="M0"/></a>',
  ],
  ['a colour from elsewhere', '<path fill="url(https://evil.example#x)" d="M0 0"/>'],
  [
    'a colour from elsewhere, in disguise',
    '<path fill="u\\72l(https://evil.example)" style="fill:url( //evil.example)"/>',
  ],
  ['a style sheet', '<style>@import url(https://evil.example)</style><path class="x" d="M0 0"/>'],
  ['an animation', '<path d="M0 0"><set attributeName="onload" to="alert(1)"/></path>'],
  ['copies of copies', '<g id="a"/><use href="#a"/>'],
  ['a comment and a section', '<!-- <script> --><![CDATA[<script>alert(1)</script>]]>'],
])('%s is left out', (_, content) => {
  const shown = String(cleanSvg(svg(`${content}<rect width="1" height="1"/>`)));
  expect(shown).toContain('<rect width="1" height="1">');
  expect(shown).not.toMatch(/evil|<script|onload|onclick|javascript|<use|<style|<a|iframe|import|xlink|class/i);
});

test.each([
  [
    'an entity of its own',
    '<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]><svg xmlns="http://www.w3.org/2000/svg">&a;</svg>',
  ],
  ['a page', '<html><body><svg xmlns="http://www.w3.org/2000/svg"/></body></html>'],
  ['no namespace', '<svg><path d="M0 0"/></svg>'],
  ['half of one', '<svg xmlns="http://www.w3.org/2000/svg"><g>'],
  ['two of them', `${svg('')}${svg('')}`],
  ['too many shapes', svg('<g/>'.repeat(5_001))],
  ['nothing', ''],
])('%s is no drawing', (_, source) => {
  expect(cleanSvg(source)).toBeUndefined();
});

test('no text at all makes it throw, and nothing that runs comes out', () => {
  const piece = fc.constantFrom(
    '<script>',
    '</script>',
    '<path ',
    'onload="x"',
    '/>',
    '<g>',
    '</g>',
    '&lt;',
    "'",
    '"',
    '<!--',
    ']]>',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ unit: 'binary' }))), (pieces) => {
      expect(cleanSvg(svg(pieces.join(''))) ?? '').not.toMatch(/<script|<[^>]* onload=/);
    }),
  );
});

test.each<[string, Buffer, unknown]>([
  ['a picture', png(64, 64), { mediaType: 'image/png' }],
  ['a drawing', Buffer.from(`\uFEFF<?xml version="1.0"?>\n${svg('')}`), { mediaType: 'image/svg+xml' }],
  ['a tiny picture', png(1, 1), 'no-picture'],
  ['an immense picture', png(30_000, 30_000), 'no-picture'],
  ['a GIF', Buffer.from('GIF89a\x40\x00\x40\x00', 'latin1'), 'no-picture'],
  ['a page', Buffer.from('<!doctype html><script>alert(1)</script>'), 'no-picture'],
  ['text', Buffer.from('not found'), 'no-picture'],
  ['nothing', Buffer.alloc(0), 'no-picture'],
  ['too much', Buffer.alloc(MAX_LOGO_BYTES + 1), 'too-large'],
])('%s is told by its bytes', (_, bytes, expected) => {
  const read = readLogo(bytes);
  if (typeof expected === 'string') expect(read).toBe(expected);
  else expect(read).toMatchObject(expected as object);
});
