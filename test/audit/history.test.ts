import { afterAll, beforeAll, expect, test } from 'vitest';
import { type HistoryLine, listHistory, recordAccountEvent } from '#src/audit/events.ts';
import { openPeople, type People } from '#test/people/people.ts';
import { useMovedClock } from '#test/support/clock.ts';

let people: People;

beforeAll(async () => {
  people = await openPeople();
});

afterAll(() => people[Symbol.asyncDispose]());

const pass = useMovedClock();

test('a history is read page by page, the latest first; nothing is left out, also of what happened at one moment', async () => {
  const { database } = people;
  const { id: accountId } = await people.citizen('siti');
  const { id: other } = await people.citizen('budi');
  for (let i = 0; i < 12; i += 1) {
    if (i % 4 === 0) pass(60);
    await recordAccountEvent(database, { accountId, kind: 'session.ended', details: { sessions: i } });
    await recordAccountEvent(database, { accountId: other, kind: 'password.set' });
  }
  const read: HistoryLine[] = [];
  for (let before: HistoryLine | undefined; ; before = read.at(-1)) {
    const page = await listHistory(database, accountId, { before, limit: 5 });
    read.push(...page);
    if (page.length < 5) break;
  }
  expect(read).toHaveLength(13);
  expect(new Set(read.map(({ id }) => id)).size).toBe(13);
  expect(read.map(({ at }) => at.getTime())).toEqual(read.map(({ at }) => at.getTime()).sort((a, b) => b - a));
  expect(read.at(-1)?.kind).toBe('account.created');
  const since = read[3]?.at;
  expect(await listHistory(database, accountId, { since, limit: 50 })).toHaveLength(4);
});
