import { expect, test } from 'vitest';
import { applyBatch, loadBatch, openBatch, undoBatch } from '#src/registry/decision-batches.ts';
import type { DecisionDraft } from '#src/registry/decision-rules.ts';
import { currentDecision, decide, listDecisions } from '#src/registry/decisions.ts';
import { race } from '#test/races/crowd.ts';
import { insertManyClients } from './fixtures.ts';
import { openRegistry } from './registry.ts';

const deciding = { reach: { nodes: ['besar'], sectors: [] }, actor: 'putri', via: 'page' } as const;
const day = new Date(Date.now() + 40 * 86_400_000).toISOString().slice(0, 10);

function drafts(count: number): { draft: DecisionDraft }[] {
  return Array.from({ length: count }, (_, at) => ({
    draft: {
      ref: `client:layanan-${at + 2}`,
      ...({ kind: 'merge', successor: 'client:layanan-1', effectiveOn: day, reason: 'Kembar.' } as const),
    },
  }));
}

test('of many who apply a batch one does, and of many who undo it one does', async () => {
  await using registry = await openRegistry();
  const { database } = registry;
  await insertManyClients(database, 12);
  const id = await database.transaction((tx) => openBatch(tx, drafts(11), deciding));
  const applied = await race(12, () => database.transaction((tx) => applyBatch(tx, id, deciding)));
  expect(applied.won.map(({ outcome, decided }) => [outcome, decided.length])).toEqual([['applied', 11]]);
  for (const error of applied.lost) expect(error).toMatchObject({ code: 'batch_over' });
  await expect(
    database.transaction((tx) => undoBatch(tx, id, { ...deciding, actor: 'orang lain' })),
  ).rejects.toMatchObject({
    code: 'not_here',
  });
  const undone = await race(12, () => database.transaction((tx) => undoBatch(tx, id, deciding)));
  expect(undone.won.map((all) => all.length)).toEqual([11]);
  expect((await listDecisions(database, { reach: deciding.reach, standing: 'in-force' })).lines).toEqual([]);
});

test('a batch that would come out otherwise by now changes nothing, and shows what it would do', async () => {
  await using registry = await openRegistry();
  const { database } = registry;
  await insertManyClients(database, 4);
  const id = await database.transaction((tx) => openBatch(tx, drafts(3), deciding));
  const keep = { refs: ['client:layanan-1'], kind: 'retire', effectiveOn: day, reason: 'Usang.' } as const;
  await database.transaction((tx) => decide(tx, { ...keep, ...deciding }));
  const outcome = await database.transaction((tx) => applyBatch(tx, id, deciding));
  expect(outcome).toEqual({ outcome: 'stale', decided: [] });
  const { lines, status } = await loadBatch(database, id, 'putri');
  expect([status, lines.map(({ refused }) => refused)]).toEqual(['preview', Array(3).fill('successor_ends')]);
  expect(await currentDecision(database, 'client:layanan-2')).toBeUndefined();
});

test('some thousand apps are one batch', async () => {
  await using registry = await openRegistry();
  const { database } = registry;
  await insertManyClients(database, 4_001);
  const id = await database.transaction((tx) => openBatch(tx, drafts(4_000), deciding));
  const { decided } = await database.transaction((tx) => applyBatch(tx, id, deciding));
  expect(decided).toHaveLength(4_000);
  const row = await database.first<{ count: number }>(
    `select count(*)::integer as count from clients where successor = 'client:layanan-1'`,
  );
  expect(row?.count).toBe(4_000);
});
