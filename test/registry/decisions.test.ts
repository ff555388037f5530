import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { saveAgency } from '#src/registry/agencies.ts';
import type { AppRef } from '#src/registry/app-refs.ts';
import { loadClient } from '#src/registry/clients.ts';
import { applyBatch, openBatch, undoBatch } from '#src/registry/decision-batches.ts';
import { carryOut } from '#src/registry/decision-ends.ts';
import { currentDecision, type DecisionRequest, decide, listDecisions, undoDecision } from '#src/registry/decisions.ts';
import { linkRecord, saveRecord } from '#src/registry/inventory-writes.ts';
import { race } from '#test/races/crowd.ts';
import { agency } from './fixtures.ts';
import { openRegistry } from './registry.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'], now: new Date('2027-02-01T03:00:00Z') });
});
afterEach(() => {
  vi.useRealTimers();
});

const day = '2027-03-01';

/** Three live apps and one that is only known to exist, and somebody who decides about all of them. */
async function openDecisions() {
  const registry = await openRegistry();
  for (const id of ['puskesmas', 'klinik', 'apotek'])
    await registry.change(
      { client_id: id, client_name: id, redirect_uris: [`https://${id}.contoh.go.id/callback`] },
      { to: 'live', via: 'command' },
    );
  const { record } = await registry.database.transaction((tx) =>
    saveRecord(tx, {
      ...{ agencyId: agency.id, key: 'A-1', actor: 'siti', via: 'page' },
      content: { name: 'Antrean Lama', host: 'antrean.contoh.go.id' },
    }),
  );
  const reach = { nodes: [agency.id], sectors: [] };
  const request = (refs: readonly AppRef[], wanted: Partial<DecisionRequest> = {}): DecisionRequest => ({
    ...{ refs, kind: 'retire', effectiveOn: day, reason: 'Kembar.', reach, actor: 'putri', via: 'page' },
    ...wanted,
  });
  const make = (refs: readonly AppRef[], wanted?: Partial<DecisionRequest>) =>
    registry.database.transaction((tx) => decide(tx, request(refs, wanted)));
  const merge = (ref: AppRef, successor: AppRef) => make([ref], { kind: 'merge', successor });
  const undo = (id: string) =>
    registry.database.transaction((tx) => undoDecision(tx, { id, reach, actor: 'putri', via: 'page' }));
  /** The day's work of one process, by somebody who was told before. */
  const end = (id: string) => registry.database.transaction((tx) => carryOut(tx, id, { mode: 'production' }));
  const announce = () => registry.database.execute('update app_decisions set announced_at = $1', [new Date()]);
  return Object.assign(registry, { record: `inventory:${record.id}` as const, make, merge, undo, end, announce });
}

test('one decision about an app holds at a time; those before stay, and the client says when it ends and what follows', async () => {
  await using registry = await openDecisions();
  const { database } = registry;
  const [keep] = await registry.make(['client:puskesmas'], { kind: 'keep', effectiveOn: undefined });
  const [merge] = await registry.merge('client:puskesmas', 'client:klinik');
  expect(await currentDecision(database, 'client:puskesmas')).toEqual(merge);
  expect(await loadClient(database, 'puskesmas')).toMatchObject({ successor: 'client:klinik', endsOn: day });
  const { lines } = await listDecisions(database, { reach: { nodes: [agency.id], sectors: [] } });
  expect(lines).toHaveLength(2);
  expect(lines.find(({ id }) => id === keep?.id)).toMatchObject({ replacedBy: merge?.id });
  expect((await listDecisions(database, { reach: { nodes: ['elsewhere'], sectors: [] } })).lines).toEqual([]);
  // The same again is no other decision.
  expect(await registry.merge('client:puskesmas', 'client:klinik')).toEqual([]);
});

test('a successor exists, goes on, leads nowhere back, and is connected for an app that is', async () => {
  await using registry = await openDecisions();
  const refused = (decision: Promise<unknown>, code: string) => expect(decision).rejects.toMatchObject({ code });
  const { record } = registry;
  await refused(registry.make(['client:nowhere']), 'not_here');
  await refused(registry.make(['client:klinik'], { reach: { nodes: ['elsewhere'], sectors: [] } }), 'not_here');
  await refused(registry.make(['client:klinik'], { kind: 'merge' }), 'successor_missing');
  await refused(registry.merge('client:klinik', 'client:nowhere'), 'successor_unknown');
  await refused(registry.merge('client:klinik', 'client:klinik'), 'successor_circle');
  await refused(registry.merge('client:klinik', record), 'successor_not_connected');
  await registry.merge(record, 'client:klinik');
  await registry.make(['client:apotek'], { kind: 'legacy', successor: 'client:puskesmas' });
  await refused(registry.merge('client:puskesmas', 'client:apotek'), 'successor_circle');
  await registry.merge('client:puskesmas', 'client:klinik');
  await refused(registry.merge('client:apotek', 'client:puskesmas'), 'successor_ends');
  await refused(registry.make(['client:klinik']), 'successor_needed');
  await registry.merge('client:klinik', 'client:apotek').then(
    () => expect.unreachable(),
    (error: unknown) => expect(error).toMatchObject({ code: 'successor_circle' }),
  );
});

test('an end lies ahead, a reason is given, and a link is https', async () => {
  await using registry = await openDecisions();
  const retire = (wanted: Partial<DecisionRequest>) => registry.make(['client:klinik'], wanted);
  await expect(retire({ effectiveOn: undefined })).rejects.toMatchObject({ code: 'decision_day_missing' });
  await expect(retire({ effectiveOn: '2027-02-30' })).rejects.toMatchObject({ code: 'decision_day_missing' });
  await expect(retire({ effectiveOn: '2027-02-01' })).rejects.toMatchObject({ code: 'decision_day_past' });
  await expect(retire({ reason: ' ' })).rejects.toMatchObject({ code: 'decision_reason_missing' });
  for (const uri of ['http://bukti.contoh.go.id', 'javascript:alert(1)', 'https://a:b@bukti.contoh.go.id'])
    await expect(retire({ evidence: { uri } })).rejects.toMatchObject({ code: 'evidence_link_invalid' });
  await expect(registry.make(['client:klinik', 'client:klinik'])).rejects.toMatchObject({ code: 'decision_twice' });
  // Nothing of what is refused for one of several stays.
  await expect(registry.make(['client:apotek', 'client:nowhere'])).rejects.toMatchObject({ code: 'not_here' });
  expect(await currentDecision(registry.database, 'client:apotek')).toBeUndefined();
});

test('undoing brings back what held before, but no end whose day has passed', async () => {
  await using registry = await openDecisions();
  const { database } = registry;
  const [retire] = await registry.make(['client:klinik']);
  const [keep] = await registry.make(['client:klinik'], { kind: 'keep' });
  expect((await loadClient(database, 'klinik')).endsOn).toBeUndefined();
  const undone = await registry.undo(String(keep?.id));
  expect(undone.restored?.id).toBe(retire?.id);
  expect((await loadClient(database, 'klinik')).endsOn).toBe(day);
  const [again] = await registry.make(['client:klinik'], { kind: 'keep', reason: 'Masih dipakai.' });
  vi.setSystemTime(new Date('2027-03-05T03:00:00Z'));
  expect((await registry.undo(String(again?.id))).restored).toBeUndefined();
  expect(await currentDecision(database, 'client:klinik')).toBeUndefined();
  await expect(registry.undo(String(again?.id))).rejects.toMatchObject({ code: 'decision_over' });
});

test('on the day many processes end an app once; nobody ends it before, or before anybody was told', async () => {
  await using registry = await openDecisions();
  const [decision] = await registry.merge('client:puskesmas', 'client:klinik');
  const id = String(decision?.id);
  expect(await registry.end(id)).toBeUndefined();
  vi.setSystemTime(new Date('2027-02-28T17:00:00Z'));
  expect(await registry.end(id)).toBeUndefined();
  await registry.announce();
  const { won, lost } = await race(20, () => registry.end(id));
  expect(lost).toEqual([]);
  expect(won.filter((one) => one?.outcome === 'ended')).toHaveLength(1);
  const client = await loadClient(registry.database, 'puskesmas');
  expect(client).toMatchObject({ state: 'retired', successor: 'client:klinik', stateReason: 'Kembar.' });
  await expect(registry.undo(id)).rejects.toMatchObject({ code: 'decision_carried_out' });
  await expect(registry.make(['client:puskesmas'], { kind: 'keep' })).rejects.toMatchObject({ code: 'client_retired' });
  // Where its people go can still be said anew.
  await registry.merge('client:puskesmas', 'client:apotek');
  expect((await loadClient(registry.database, 'puskesmas')).successor).toBe('client:apotek');
});

test('an undo in the last moment wins or loses, and nothing between', async () => {
  await using registry = await openDecisions();
  vi.setSystemTime(new Date('2027-02-01T03:00:00Z'));
  for (let round = 0; round < 6; round += 1) {
    vi.setSystemTime(new Date('2027-02-01T03:00:00Z'));
    const id = `app-${round}`;
    await registry.change(
      { client_id: id, redirect_uris: [`https://${id}.contoh.go.id/callback`] },
      { to: 'live', via: 'command' },
    );
    const [decision] = await registry.make([`client:${id}`]);
    await registry.announce();
    vi.setSystemTime(new Date('2027-03-01T03:00:00Z'));
    const { won, lost } = await race(8, async (i) =>
      i % 2 === 0
        ? (await registry.end(String(decision?.id)))?.outcome
        : registry.undo(String(decision?.id)).then(() => 'undone'),
    );
    const done = won.filter(Boolean);
    const { state } = await loadClient(registry.database, id);
    const current = await currentDecision(registry.database, `client:${id}`);
    expect(done).toEqual([state === 'retired' ? 'ended' : 'undone']);
    expect(current === undefined).toBe(state === 'live');
    for (const error of lost)
      expect(['decision_carried_out', 'decision_over']).toContain((error as { code?: string }).code);
  }
});

test('an app does not end while nobody can be let in where its people are led', async () => {
  await using registry = await openDecisions();
  const [decision] = await registry.merge('client:puskesmas', 'client:klinik');
  await registry.announce();
  await registry.database.execute(`update clients set state = 'suspended' where id = 'klinik'`);
  vi.setSystemTime(new Date('2027-03-01T03:00:00Z'));
  expect((await registry.end(String(decision?.id)))?.outcome).toBe('held');
  expect((await registry.end(String(decision?.id)))?.outcome).toBe('waits');
  expect((await loadClient(registry.database, 'puskesmas')).state).toBe('live');
  await registry.database.execute(`update clients set state = 'live' where id = 'klinik'`);
  expect((await registry.end(String(decision?.id)))?.outcome).toBe('ended');
});

test('a record that turns out to be a client is one app with it: what was decided about it holds for both', async () => {
  await using registry = await openDecisions();
  const { database, record } = registry;
  const [decision] = await registry.merge(record, 'client:klinik');
  await database.transaction((tx) => linkRecord(tx, record.slice('inventory:'.length), 'apotek', 'siti'));
  expect((await currentDecision(database, 'client:apotek'))?.id).toBe(decision?.id);
  await registry.make(['client:apotek'], { kind: 'keep' });
  expect((await currentDecision(database, record))?.kind).toBe('keep');
  const { lines } = await listDecisions(database, { reach: 'everywhere', standing: 'in-force' });
  expect(lines.map(({ kind }) => kind)).toEqual(['keep']);
});

test('an agency that moves below another is decided about by who coordinates there', async () => {
  await using registry = await openDecisions();
  await registry.write((tx) =>
    saveAgency(
      tx,
      { id: 'kemenkes', name: 'Kemenkes', nameEn: 'Health', legalName: 'Kemenkes', domain: 'kemkes.contoh.go.id' },
      'test',
    ),
  );
  const reach = { nodes: ['kemenkes'], sectors: [] };
  await expect(registry.make(['client:klinik'], { reach })).rejects.toMatchObject({ code: 'not_here' });
  await registry.write((tx) =>
    saveAgency(
      tx,
      {
        ...{ id: agency.id, name: agency.name, nameEn: 'Health Office', legalName: agency.name },
        domain: agency.domain,
        parentId: 'kemenkes',
      },
      'test',
    ),
  );
  expect(await registry.make(['client:klinik'], { reach })).toHaveLength(1);
});

test('a batch is undone by whoever made it only as long as all of it is still theirs to decide', async () => {
  await using registry = await openDecisions();
  const reach = { nodes: [agency.id], sectors: [] };
  const putri = { reach, actor: 'putri', via: 'page' as const };
  const draft = { ref: 'client:klinik' as const, kind: 'legacy' as const, reason: 'Lama.' };
  const id = await registry.write((tx) => openBatch(tx, [{ draft }], putri));
  await registry.database.transaction((tx) => applyBatch(tx, id, putri));
  const elsewhere = { ...putri, reach: { nodes: ['lain'], sectors: ['kesehatan'] } };
  await expect(registry.database.transaction((tx) => undoBatch(tx, id, elsewhere))).rejects.toMatchObject({
    code: 'role_required',
  });
  expect((await currentDecision(registry.database, 'client:klinik'))?.kind).toBe('legacy');
  expect(await registry.database.transaction((tx) => undoBatch(tx, id, putri))).toHaveLength(1);
});
