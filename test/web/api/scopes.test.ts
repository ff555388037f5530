/** Nobody gains anything by a machine: who has a hand in one may do by themselves all that it may. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Role } from '#src/people/memberships.ts';
import { listSecrets } from '#src/registry/client-secrets.ts';
import { loadClient } from '#src/registry/clients.ts';
import { declarationOf } from '#src/registry/declarations.ts';
import { ask, machineOf, newKey, openApi, requestToken } from '#test/support/api.ts';
import type { BrowserAgent } from '#test/support/browser-agent.ts';
import { colleague, openConsole } from '#test/support/console.ts';
import { openWorld, type World } from '#test/support/world.ts';

let world: World;

beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world?.[Symbol.asyncDispose]());

const scopesOf = async (id: string): Promise<readonly string[]> => (await loadClient(world.database, id)).scopes;

describe('on the console', () => {
  let count = 0;

  async function someone(machineId: string, ...roles: Role[]): Promise<BrowserAgent> {
    count += 1;
    const { agencyId } = await loadClient(world.database, machineId);
    const person = await colleague(world, `orang-${count}@contoh.go.id`, { [agencyId]: roles });
    return (await openConsole(world, person)).browser;
  }

  async function machine(id: string, scope: string): Promise<void> {
    await world.declare(machineOf(id, scope.split(' ')));
  }

  /** Sends the form of changes with another scope, or another name, in it. */
  async function change(browser: BrowserAgent, id: string, wish: Readonly<Record<string, unknown>>) {
    const client = await loadClient(world.database, id);
    const declaration = JSON.stringify({ ...declarationOf(client), ...wish });
    const csrf = (await browser.visit(`${world.issuer}/account`)).value('csrf') ?? '';
    const form = { csrf, action: 'save', number: String(client.number), declaration };
    return browser.post(`${world.issuer}/console/apps/${id}/edit`, form, world.issuer);
  }

  test.each<[Role[], string, boolean]>([
    [['developer'], 'apps.secrets inventory.read', true],
    [['developer'], 'inventory.write', false],
    [['developer'], 'sectors.decide', false],
    [['owner'], 'inventory.write', true],
    [['owner'], 'sectors.decide', false],
    [['developer', 'coordinator'], 'inventory.write sectors.decide', true],
  ])('%s registers a machine for %s: %s', async (roles, scope, isAllowed) => {
    const id = `mesin-harap-${count}`;
    await machine(id, 'apps.read');
    const page = await change(await someone(id, ...roles), id, { scope });
    expect([page.status, page.has('#error-code') && page.text('#error-code')]).toEqual(
      isAllowed ? [200, false] : [403, 'scope_beyond_role'],
    );
    expect(await scopesOf(id)).toEqual(isAllowed ? scope.split(' ') : ['apps.read']);
  });

  test('a developer neither changes a machine that decides, nor makes a secret of it, but may end one', async () => {
    await machine('mesin-putus', 'sectors.decide');
    const browser = await someone('mesin-putus', 'developer');
    expect((await change(browser, 'mesin-putus', { client_name: 'Milikku' })).text('#error-code')).toBe(
      'scope_beyond_role',
    );
    const before = await listSecrets(world.database, 'mesin-putus');
    const keys = await browser.visit(`${world.issuer}/console/apps/mesin-putus/keys`);
    const csrf = keys.value('csrf') ?? '';
    const form = { csrf, action: 'rotate', 'at-once': 'yes' };
    const refused = await browser.post(`${world.issuer}/console/apps/mesin-putus/keys`, form, world.issuer);
    expect(refused.text('#error-code')).toBe('scope_beyond_role');
    expect(await listSecrets(world.database, 'mesin-putus')).toEqual(before);
    const end = { csrf, action: 'end', secret: before[0]?.id ?? '' };
    expect((await browser.post(`${world.issuer}/console/apps/mesin-putus/keys`, end, world.issuer)).status).toBe(200);
    const [ended] = await listSecrets(world.database, 'mesin-putus');
    expect(ended?.expiresAt?.getTime()).toBeLessThanOrEqual(Date.now());
  });

  test('an old version of a machine that decided is not brought back by a developer', async () => {
    await machine('mesin-dulu', 'sectors.decide');
    const coordinator = await someone('mesin-dulu', 'developer', 'coordinator');
    await change(coordinator, 'mesin-dulu', { scope: 'apps.read' });
    expect(await scopesOf('mesin-dulu')).toEqual(['apps.read']);
    const browser = await someone('mesin-dulu', 'developer');
    const versions = `${world.issuer}/console/apps/mesin-dulu/versions/1`;
    const csrf = (await browser.visit(`${world.issuer}/account`)).value('csrf') ?? '';
    const number = String((await loadClient(world.database, 'mesin-dulu')).number);
    const page = await browser.post(versions, { csrf, action: 'restore', 'if-number': number }, world.issuer);
    expect(page.text('#error-code')).toBe('scope_beyond_role');
    expect(await scopesOf('mesin-dulu')).toEqual(['apps.read']);
  });
});

describe('a machine', () => {
  const declare = (scope: string, id: string) => ({
    declaration: { ...machineOf(id, []), scope, client_name: 'Anak', purpose: 'Membantu.' },
  });

  test('hands on what it has, and no more', async () => {
    const builder = await openApi(world, { clientId: 'mesin-bangun', scopes: ['apps.read', 'apps.write'] });
    const path = `/agencies/${builder.agencyId}/apps`;
    expect((await builder.post(path, declare('apps.read apps.write', 'mesin-anak'))).status).toBe(201);
    for (const scope of ['apps.secrets', 'inventory.write', 'sectors.decide apps.read']) {
      const refused = await builder.post(path, declare(scope, 'mesin-anak-dua'));
      expect([scope, refused.status, refused.json.code]).toEqual([scope, 403, 'scope_beyond_role']);
    }
  });

  test('makes no secret of one that may do more than its token is for', async () => {
    const builder = await openApi(world, { clientId: 'mesin-lengkap' });
    const made = await builder.post(
      `/agencies/${builder.agencyId}/apps`,
      declare('sectors.decide', 'mesin-koordinator'),
    );
    expect(made.status).toBe(201);
    const rotate = async (scope: string) => {
      const key = await newKey();
      const { json } = await requestToken(world, 'mesin-lengkap', { scope, key });
      const token = String(json.access_token);
      const address = `${world.issuer}/api/v1/apps/mesin-koordinator/secrets`;
      const headers = { authorization: `DPoP ${token}`, dpop: await key.prove('POST', address, token) };
      return ask('POST', address, { headers, body: {} });
    };
    const refused = await rotate('apps.secrets apps.read apps.write');
    expect([refused.status, refused.json.code]).toEqual([403, 'scope_beyond_role']);
    expect((await rotate('apps.secrets sectors.decide')).status).toBe(201);
  });
});
