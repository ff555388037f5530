import { readdirSync, readFileSync } from 'node:fs';
import { IntlMessageFormat } from 'intl-messageformat';
import { describe, expect, test } from 'vitest';
import {
  formatDay,
  formatDuration,
  formatList,
  formatMoment,
  type Language,
  languages,
  type MessageKey,
  translate,
} from '#views/locale.ts';

const folder = new URL('../../views/', import.meta.url);
const readCatalogue = (language: Language): Record<string, string> =>
  JSON.parse(readFileSync(new URL(`locales/${language}.json`, folder), 'utf8'));
const catalogues = { id: readCatalogue('id'), en: readCatalogue('en') };
const keys = Object.keys(catalogues.id);

/** Who may say a sentence: the pages, and the room that fills them. */
const sources = ['../../views/', '../../src/web/'].flatMap(readSources).join('\n');

function readSources(path: string): string[] {
  const room = new URL(path, import.meta.url);
  const names = readdirSync(room, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return names.map((name) => readFileSync(new URL(name, room), 'utf8'));
}

type Element = { type: number; value: string; options?: Record<string, { value: Element[] }> };
const literal = 0;
const pound = 7;

function argumentsOf(message: string): string[] {
  const walk = (elements: Element[]): string[] =>
    elements.flatMap(({ type, value, options }) => [
      ...(type === literal || type === pound ? [] : [value]),
      ...Object.values(options ?? {}).flatMap((option) => walk(option.value)),
    ]);
  const parsed = new IntlMessageFormat(message, 'en', undefined, { ignoreTag: true }).getAst();
  return [...new Set(walk(parsed as unknown as Element[]))].sort();
}

describe('the catalogues', () => {
  test('hold the same sentences, none empty', () => {
    expect(Object.keys(catalogues.en)).toEqual(keys);
    expect(keys.length).toBeGreaterThan(200);
    for (const language of languages) {
      expect(Object.entries(catalogues[language]).filter(([, sentence]) => sentence.trim() === '')).toEqual([]);
    }
  });

  test.each(keys)('%s takes the same values in both languages', (key) => {
    expect(argumentsOf(catalogues.en[key] ?? '')).toEqual(argumentsOf(catalogues.id[key] ?? ''));
  });

  test('hold no sentence that nothing says', () => {
    const families = [...sources.matchAll(/`([a-z-]+\.[a-z-]+-)\$\{/g)].map((match) => match[1] ?? '');
    const isUsed = (key: string): boolean =>
      sources.includes(`'${key}'`) || families.some((family) => key.startsWith(family));
    expect(families.length).toBeGreaterThan(0);
    expect(keys.filter((key) => !isUsed(key))).toEqual([]);
  });

  test('are different languages', () => {
    const same = keys.filter((key) => catalogues.id[key] === catalogues.en[key]);
    expect(same.sort()).toEqual([
      'account.email',
      'account.nik',
      'claim.email',
      'error.status',
      'outbox.email',
      'outbox.sms',
      'outbox.whatsapp',
    ]);
  });
});

describe('a sentence', () => {
  test('takes values and plural forms', () => {
    expect(translate('en')('duration.minutes', { count: 1 })).toBe('1 minute');
    expect(translate('en')('duration.minutes', { count: 9 })).toBe('9 minutes');
    expect(translate('id')('form.back-to', { service: '<b>{x}' })).toBe('Kembali ke <b>{x}');
  });

  test('without values is said as it stands', () => {
    const plain: MessageKey = 'form.continue';
    expect(translate('id')(plain)).toBe('Lanjutkan');
  });
});

describe('dates and lists', () => {
  const date = new Date('2026-11-21T17:30:00Z');

  test('follow the zone of the reader and name it as people do', () => {
    expect(formatDay('id', date)).toBe('22 November 2026');
    expect(formatDay('en', date, 'UTC')).toBe('21 November 2026');
    expect(formatMoment('id', date)).toBe('22 Nov 2026, 00.30 WIB');
    expect(formatMoment('en', date, 'Asia/Makassar')).toBe('22 Nov 2026, 01:30 WITA');
  });

  test('say time left in the unit that fits', () => {
    expect(formatDuration('id', 0)).toBe('1 detik');
    expect(formatDuration('id', 75)).toBe('75 detik');
    expect(formatDuration('id', 601)).toBe('11 menit');
    expect(formatDuration('en', 7200)).toBe('2 hours');
  });

  test('join with the word of the language', () => {
    expect(formatList('id', ['nama', 'email'])).toBe('nama dan email');
    expect(formatList('en', ['name', 'email'])).toBe('name and email');
  });
});
