/** What arrives more than once is carried out once, and pages of lists follow one another. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ApiClient, openApi } from '#test/support/api.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;
let api: ApiClient;
let tokens: string;

beforeAll(async () => {
  world = await openWorld();
  api = await openApi(world);
  tokens = `/agencies/${api.agencyId}/registration-tokens`;
});
afterAll(() => world?.[Symbol.asyncDispose]());

const count = async () => ((await api.get(`${tokens}?limit=200`)).json.items as unknown[]).length;

describe('Idempotency-Key', () => {
  test('the same request gets the same answer, the secret in it too', async () => {
    const before = await count();
    const headers = { 'idempotency-key': 'kunci-1' };
    const first = await api.post(tokens, { label: 'pipa rilis' }, headers);
    const again = await api.post(tokens, { label: 'pipa rilis' }, headers);
    expect(first.status).toBe(201);
    expect(again.status).toBe(201);
    expect(again.json).toEqual(first.json);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await count()).toBe(before + 1);
  });

  test('another request is refused', async () => {
    const headers = { 'idempotency-key': 'kunci-2' };
    await api.post(tokens, { label: 'satu' }, headers);
    const other = await api.post(tokens, { label: 'dua' }, headers);
    expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused']);
  });

  test('of twenty at once one is carried out, and all get its answer', async () => {
    const before = await count();
    const headers = { 'idempotency-key': 'kunci-3' };
    const answers = await Promise.all(
      Array.from({ length: 20 }, async () => {
        // Short of connections, the server tells some to come again: what the key is for.
        const answer = await api.post(tokens, { label: 'serentak' }, headers);
        return answer.status === 503 ? api.post(tokens, { label: 'serentak' }, headers) : answer;
      }),
    );
    expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1);
    expect(answers[0]?.status).toBe(201);
    expect(await count()).toBe(before + 1);
  });

  test('what was refused may be tried again', async () => {
    const headers = { 'idempotency-key': 'kunci-4' };
    expect((await api.post(tokens, { label: '' }, headers)).status).toBe(422);
    expect((await api.post(tokens, { label: 'baik' }, headers)).status).toBe(201);
  });

  test('the key of one machine is nothing to another', async () => {
    const other = await openApi(world, { clientId: 'mesin-lain' });
    const headers = { 'idempotency-key': 'kunci-1' };
    const theirs = await other.post(`/agencies/${other.agencyId}/registration-tokens`, { label: 'lain' }, headers);
    expect(theirs.status).toBe(201);
    expect(theirs.headers.has('idempotency-replayed')).toBe(false);
  });

  test('what is kept of an answer tells nobody the secret in it', async () => {
    const made = await api.post(tokens, { label: 'rahasia' }, { 'idempotency-key': 'kunci-5' });
    const rows = await world.database.query('select answer::text, key_hash::text from api_requests');
    expect(JSON.stringify(rows)).not.toContain(String(made.json.token));
    expect(JSON.stringify(rows)).not.toContain('kunci-5');
  });
});

describe('lists', () => {
  test('pages follow one another by Link and show everything once', async () => {
    const all = (await api.get(`${tokens}?limit=200`)).json.items as { id: string }[];
    const seen: string[] = [];
    let next: string | undefined = `${tokens}?limit=2`;
    while (next !== undefined) {
      const page = await api.get(next);
      seen.push(...(page.json.items as { id: string }[]).map(({ id }) => id));
      next = /^<(.+)>; rel="next"$/.exec(page.headers.get('link') ?? '')?.[1];
    }
    expect(seen).toEqual(all.map(({ id }) => id));
    expect(seen.length).toBeGreaterThan(4);
  });

  test.each(['limit=0', 'limit=201', 'limit=x', 'after=x', 'after=', 'after=WzFd', 'offset=3', 'limit=1&limit=2'])(
    '%s is refused',
    async (query) => {
      const { status } = await api.get(`${tokens}?${query}`);
      expect([400, 422]).toContain(status);
    },
  );

  test('come as csv where it is asked for, with nothing that a spreadsheet would run', async () => {
    await api.post(tokens, { label: '=HYPERLINK("https://x.id")' });
    const { body, headers } = await api.get(tokens, { headers: { accept: 'text/csv' } });
    expect(headers.get('content-type')).toMatch(/^text\/csv/);
    const [head, ...lines] = body.trim().split('\r\n');
    expect(head).toBe('id,label,created_by,created_at,expires_at,uses_left,last_used_at,revoked_at');
    expect(lines).toHaveLength(await count());
    expect(body).toContain(`'=HYPERLINK`);
  });
});

test('a machine that changes without end is told to wait; what only reads goes on', async () => {
  await using limited = await openWorld({ settings: { RATE_LIMITS: 'on', LIMITS: 'api_change_by_machine=3/3600' } });
  const wild = await openApi(limited);
  const path = `/agencies/${wild.agencyId}/registration-tokens`;
  for (let i = 0; i < 3; i += 1) expect((await wild.post(path, { label: `ke-${i}` })).status).toBe(201);
  const late = await wild.post(path, { label: 'lagi' });
  expect([late.status, late.json.code]).toEqual([429, 'too_many_attempts']);
  expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await wild.get(path)).status).toBe(200);
  const other = await openApi(limited, { clientId: 'mesin-lain' });
  expect((await other.post(`/agencies/${other.agencyId}/registration-tokens`, { label: 'satu' })).status).toBe(201);
});
