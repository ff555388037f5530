/** Every command of docs/api.md, run as it stands there, from top to bottom. */
import { execFile, spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { apiRoutes } from '#src/web/api/routes.ts';
import { openWorld } from '#test/support/world.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** What the examples are typed into; a machine may be without. */
const hasTools = ['bash', 'curl', 'sed'].every((tool) => spawnSync(tool, ['--version']).status === 0);

test.runIf(hasTools)('the examples work', async () => {
  await using world = await openWorld();
  const guide = await readFile(join(root, 'docs/api.md'), 'utf8');
  const blocks = [...guide.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block]) => block);
  expect(blocks.length).toBeGreaterThan(8);
  const folder = await mkdtemp(join(tmpdir(), 'lawang-api-docs-'));
  try {
    await symlink(join(root, 'clients'), join(folder, 'clients'));
    const script = ['set -euo pipefail', ...blocks].join('\n');
    const { stdout } = await promisify(execFile)('bash', ['-c', script], {
      cwd: folder,
      env: { ...process.env, ISSUER: world.issuer },
    });
    expect(stdout).toContain('"openapi":"3.1.0"');
    expect(stdout).toContain('"client_secret":"');
    expect(stdout).toContain('"outcome":"applied"');
    expect(stdout).toMatch(/Link: <.*after=.*>; rel="next"/i);
    expect(stdout).toContain('id,agency,name');
    expect(stdout).toContain('Antrean Loket Puskesmas');
    expect(stdout).toContain('"client_name":"Kiosk Antrean"');
    expect(stdout).toContain('"name_en":"Clinic Queue"');
    expect(stdout).toContain('"needs":"nothing"');
    expect(stdout).toContain('"is_in_force":true');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('every scope that opens a route is explained', async () => {
  const guide = await readFile(join(root, 'docs/api.md'), 'utf8');
  for (const scope of new Set(apiRoutes.map((route) => route.scope))) expect(guide).toContain(`| \`${scope}\` |`);
});
