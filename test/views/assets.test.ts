import { readdirSync, readFileSync } from 'node:fs';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type AssetName, assetPath, findAsset } from '#views/assets.ts';

const folder = new URL('../../views/assets/', import.meta.url);
const names = readdirSync(folder).filter((name) => name.includes('.')) as AssetName[];
const styles = names.filter((name) => name.endsWith('.css'));

describe('an asset', () => {
  test.each(names)('%s is ready to send', (name) => {
    const path = assetPath(name);
    const asset = findAsset(path);
    if (!asset) throw new Error(`nothing is at ${path}`);
    expect(path).toMatch(/^\/assets\/[a-z]+\.[\w-]{12}\.(css|js|svg)$/);
    expect(asset.path).toBe(path);
    expect(asset.etag).toMatch(/^"[\w-]{12}"$/);
    expect(brotliDecompressSync(asset.brotli).equals(asset.body)).toBe(true);
    expect(gunzipSync(asset.gzip).equals(asset.body)).toBe(true);
  });

  test('is found by its exact path only', () => {
    expect(assetPath('lawang.css')).toMatch(/^\/assets\/lawang\./);
    expect(findAsset('/assets/lawang.css')).toBeUndefined();
    expect(findAsset('/assets/../html.ts')).toBeUndefined();
    expect(findAsset('__proto__')).toBeUndefined();
  });
});

describe('a script', () => {
  const sent = (name: 'passkey.js' | 'quiet.js') => findAsset(assetPath(name))?.body.toString() ?? '';

  test('imports another one by its hashed path', () => {
    expect(sent('quiet.js')).toContain(` from '${assetPath('passkey.js')}';`);
  });

  test('travels without our remarks and indentation, and is the same program', () => {
    const source = readFileSync(new URL('passkey.js', folder), 'utf8');
    const code = (text: string) =>
      text
        .replace(/^ *\/\/.*$/gm, '')
        .replace(/\s+/g, ' ')
        .trim();
    expect(sent('passkey.js')).not.toMatch(/^( |\/\/|\n)/m);
    expect(code(sent('passkey.js'))).toBe(code(source));
  });
});

describe('a style sheet', () => {
  const sent = (name: AssetName) => findAsset(assetPath(name))?.body.toString() ?? '';

  test('names its pictures by their hashed paths', () => {
    const named = [...sent('lawang.css').matchAll(/url\("([^"]+)"\)/g)].map((match) => match[1] ?? '');
    expect(named).toEqual([assetPath('arches.svg')]);
  });

  test('that is written in several files holds all of them', () => {
    const parts = readdirSync(new URL('more/', folder)).map((name) =>
      readFileSync(new URL(`more/${name}`, folder), 'utf8'),
    );
    const lines = parts.flatMap((part) => part.match(/^[^@\s].*(?=[,{]$)/gm) ?? []).map((line) => line.trim());
    expect(lines.length).toBeGreaterThan(100);
    for (const line of lines) expect(sent('more.css')).toContain(line);
  });

  test.each(styles)('loads nothing from elsewhere: %s', (name) => {
    expect(sent(name)).not.toMatch(/https?:|@import|\/\*/);
  });

  test.each(styles)('uses nothing that Chrome 80 does not know: %s', (name) => {
    const css = sent(name);
    expect(css).not.toMatch(
      /:has\(|:is\(|:where\(|oklch|color-mix|&|@layer|@container|[^-]inset:|aspect-ratio|clamp\(/,
    );
    expect(css).not.toMatch(/[{;]gap:/);
  });

  test('gives text and controls enough contrast, light and dark', () => {
    const source = readFileSync(new URL('lawang.css', folder), 'utf8');
    const [light = '', dark = ''] = source.match(/:root \{[^}]*\}/g) ?? [];
    for (const tokens of [light, dark]) {
      const colour = (name: string): string =>
        tokens.match(new RegExp(`--${name}: (#[0-9a-f]+)`))?.[1] ??
        light.match(new RegExp(`--${name}: (#[0-9a-f]+)`))?.[1] ??
        '';
      for (const ground of ['paper', 'surface', 'sunken']) {
        expect(contrast(colour('ink'), colour(ground))).toBeGreaterThanOrEqual(7);
        expect(contrast(colour('muted'), colour(ground))).toBeGreaterThanOrEqual(4.5);
        expect(contrast(colour('nila'), colour(ground))).toBeGreaterThanOrEqual(4.5);
        expect(contrast(colour('bata'), colour(ground))).toBeGreaterThanOrEqual(4.5);
      }
      expect(contrast(colour('edge'), colour('surface'))).toBeGreaterThanOrEqual(3);
      expect(contrast(colour('edge'), colour('paper'))).toBeGreaterThanOrEqual(3);
      expect(contrast(colour('on-nila'), colour('nila'))).toBeGreaterThanOrEqual(7);
      expect(contrast(colour('ink'), colour('bata-tint'))).toBeGreaterThanOrEqual(7);
      expect(contrast(colour('muted'), colour('daun-tint'))).toBeGreaterThanOrEqual(4.5);
      expect(contrast(colour('nila'), colour('nila-tint'))).toBeGreaterThanOrEqual(4.5);
    }
  });
});

/** WCAG 2.2, contrast ratio. */
function contrast(one: string, other: string): number {
  const [light = 0, dark = 0] = [luminance(one), luminance(other)].sort((a, b) => b - a);
  return (light + 0.05) / (dark + 0.05);
}

function luminance(colour: string): number {
  const long = colour.length === 4 ? colour.replaceAll(/[0-9a-f]/g, '$&$&') : colour;
  const channel = (at: number): number => {
    const value = Number.parseInt(long.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5);
}
