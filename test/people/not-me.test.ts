import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { openNotMe, sealNotMe } from '#src/people/not-me.ts';
import { openPeople, type People } from './people.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());
afterEach(() => vi.useRealTimers());

const written = () => ({ accountId: randomUUID(), at: new Date() });

test('the token of a notice says whose account it is and when it was written, and nobody else can read it', () => {
  const notice = written();
  const token = sealNotMe(people.secrets, notice);
  expect(openNotMe(people.secrets, token)).toEqual(notice);
  expect(sealNotMe(people.secrets, notice)).not.toBe(token);
  const bytes = Buffer.from(token, 'base64url');
  expect(bytes.includes(Buffer.from(notice.accountId.replaceAll('-', ''), 'hex'))).toBe(false);
  expect(token.length).toBeLessThanOrEqual(76);
});

test('it holds for 30 days', () => {
  vi.useFakeTimers({ toFake: ['Date'] });
  const token = sealNotMe(people.secrets, written());
  vi.setSystemTime(Date.now() + 30 * 24 * 3600 * 1000);
  expect(openNotMe(people.secrets, token)).toBeDefined();
  vi.setSystemTime(Date.now() + 1);
  expect(openNotMe(people.secrets, token)).toBeUndefined();
});

test('what was altered, or made by somebody else, says nothing', () => {
  const { secrets } = people;
  const token = sealNotMe(secrets, written());
  const bytes = Buffer.from(token, 'base64url');
  for (let i = 0; i < bytes.length; i += 1) {
    const altered = Buffer.from(bytes);
    altered[i] = (altered[i] ?? 0) ^ 1;
    expect(openNotMe(secrets, altered.toString('base64url'))).toBeUndefined();
  }
  const odd = ['', ' ', 'x', `${token}A`, token.slice(1), `${token} `, '\u0000', 'A'.repeat(100_000)];
  for (const text of [...odd, randomBytes(54).toString('base64url')]) expect(openNotMe(secrets, text)).toBeUndefined();
  const sealed = secrets.wrap.seal('accounts.data_key:x', Buffer.alloc(22));
  expect(openNotMe(secrets, sealed.toString('base64url'))).toBeUndefined();
});
