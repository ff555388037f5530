import { readdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { Refusal, type RefusalCode, refusals } from '#src/base/refusals.ts';

const entries = Object.entries(refusals) as [RefusalCode, (typeof refusals)[RefusalCode]][];

test('every refusal has a sentence and a next step in both languages, each its own', () => {
  expect(entries.length).toBeGreaterThan(20);
  for (const [code, { id, en }] of entries) {
    for (const text of [id.say, id.next, en.say, en.next]) expect(text, code).toMatch(/^[A-Z].{6,}[.?!]$/s);
    expect(id.say, code).not.toBe(en.say);
    expect(id.next, code).not.toBe(en.next);
  }
});

test('each code stands in the file of one subject, by the alphabet, and the table has them all', async () => {
  const folder = new URL('../../src/base/refusals/', import.meta.url);
  const files = (await readdir(folder)).filter((file) => file !== 'entry.ts');
  const subjects = await Promise.all(files.map((file) => import(new URL(file, folder).href)));
  const codes = subjects.map((subject) => Object.keys(Object.values<object>(subject)[0] ?? {}));
  for (const ofSubject of codes) expect(ofSubject).toEqual(ofSubject.toSorted());
  expect(codes.flat().sort()).toEqual(Object.keys(refusals).sort());
});

test('no sentence says only that something went wrong', () => {
  for (const [code, { id, en }] of entries) {
    const text = [en.say, en.next, id.say, id.next].join(' ').toLowerCase();
    expect(text, code).not.toMatch(/something went wrong|oops|terjadi kesalahan\.|unknown error/);
  }
});

test('a code is a stable word and its status one of refusal', () => {
  for (const [code, { status }] of entries) {
    expect(code).toMatch(/^[a-z]+(_[a-z]+)*$/);
    expect(status, code).toBeGreaterThanOrEqual(400);
    expect(status, code).toBeLessThan(600);
  }
  expect(entries.filter(([, { status }]) => status === 500).map(([code]) => code)).toEqual(['internal']);
});

test('a refusal speaks both languages and keeps its reason for the log', () => {
  const refusal = new Refusal('login_failed', 'no such account');
  expect(refusal.message).toBe('no such account');
  expect(refusal.in('id').say).not.toContain('no such account');
  expect(refusal.in('en')).toEqual(refusals.login_failed.en);
  expect(refusal.retryAfter).toBeUndefined();
});

test('whoever may try again is told when', () => {
  expect(new Refusal('database_unavailable').retryAfter).toBeGreaterThan(0);
  expect(new Refusal('too_many_attempts', undefined, { retryAfter: 90 }).retryAfter).toBe(90);
});
