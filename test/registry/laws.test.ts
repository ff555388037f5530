/** What an app that people use reads without asking them names its law, whoever agrees to it. */
import { describe, expect, test } from 'vitest';
import { decideVersion } from '#src/registry/approvals.ts';
import { planChange } from '#src/registry/changes.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { openRegistry } from './registry.ts';

const refused = expect.objectContaining({ code: 'basis_without_law' });
const name = { name: 'name', required: true, basis: 'public_task', purpose: 'Memanggil Anda di loket.' };
const lawful = { ...name, law: 'UU 17/2023' };

describe('a claim of another basis than consent', () => {
  test('without a law is refused to a live app, also by who runs the deployment, and nothing waits', async () => {
    const claims = [name];
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    const before = await loadClient(registry.database, 'puskesmas');
    await expect(planChange(registry.database, registry.request({ claims }))).rejects.toEqual(refused);
    await expect(registry.change({ claims })).rejects.toEqual(refused);
    await expect(registry.change({ claims }, { via: 'command', breakGlass: 'darurat' })).rejects.toEqual(refused);
    expect(await loadClient(registry.database, 'puskesmas')).toEqual(before);
  });

  test('with its law waits for others as before; a draft may still be without', async () => {
    await using registry = await openRegistry();
    expect(await registry.change({ claims: [name] })).toMatchObject({ outcome: 'created' });
    await registry.change({ claims: [lawful] }, { to: 'live' });
    const other = { ...lawful, law: 'UU 23/2014' };
    expect(await registry.change({ claims: [other] })).toMatchObject({ outcome: 'pending' });
  });

  test('stands as it was declared before there was this rule, until something of it changes', async () => {
    await using registry = await openRegistry();
    await registry.change({ claims: [lawful] }, { to: 'live' });
    await registry.database.execute(`update client_claims set law = null, law_en = null where client_id = 'puskesmas'`);
    const changed = await registry.change({ claims: [name], client_name: 'Puskesmas Kita' });
    expect(changed).toMatchObject({ outcome: 'applied', plan: { changed: ['client_name'] } });
    const otherwise = { ...name, purpose: 'Memanggil Anda di ruang tunggu.' };
    await expect(registry.change({ claims: [otherwise] })).rejects.toEqual(refused);
  });

  test('of a version that waits since before there was this rule is refused when it is agreed to', async () => {
    await using registry = await openRegistry();
    await registry.change({}, { to: 'live' });
    const { number } = await registry.change({ claims: [lawful] });
    await registry.database.execute(
      `update client_versions set content = jsonb_set(content, '{claims}', $2::jsonb) where client_id = 'puskesmas' and number = $1`,
      [number, JSON.stringify([name])],
    );
    const before = declarationOf(await loadClient(registry.database, 'puskesmas'));
    const decision = {
      ...{ clientId: 'puskesmas', number, approver: 'penyetuju', verdict: 'approved' as const },
      ...{ mode: 'production' as const, via: 'page' as const, mayStillDecide: async () => true },
    };
    await expect(registry.database.transaction((tx) => decideVersion(tx, decision))).rejects.toEqual(refused);
    expect(declarationOf(await loadClient(registry.database, 'puskesmas'))).toEqual(before);
  });
});
