/** What an app said before, who changed it and why. */
import type { z } from 'zod';
import { Refusal } from '#src/base/refusals.ts';
import { type ClientVersion, listVersions, loadVersion } from '#src/registry/versions.ts';
import { loadAppOf } from './authority.ts';
import { pageOf, readCursor } from './pages.ts';
import { type ApiCall, type ApiRoute, listRoute, route } from './route.ts';
import { versionSchema } from './schemas/apps.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

export const versionRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/apps/:client/versions',
    id: 'listVersions',
    summary: 'The versions of an app, the newest first',
    scope: 'apps.read',
    item: versionSchema,
    async page(call, after, limit) {
      const app = await loadAppOf(call, 'apps.read');
      const [number] = readCursor(after, 1) ?? [];
      const before = number === undefined ? undefined : toNumber(number);
      const versions = await listVersions(call.db, app.id, { before, limit });
      return pageOf(versions, limit, { show: showVersion, placeOf: (version) => [String(version.number)] });
    },
  }),
  route({
    method: 'GET',
    path: '/apps/:client/versions/:number',
    id: 'readVersion',
    summary: 'One version of an app',
    description: 'To restore one, send its declaration with PUT.',
    scope: 'apps.read',
    status: 200,
    answer: versionSchema,
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.read');
      return { body: showVersion(await loadVersion(call.db, app.id, numberOf(call))) };
    },
  }),
];

/** The number of a version in the address. @throws {Refusal} `not_here` */
export function numberOf(call: ApiCall): number {
  return toNumber(call.param('number'));
}

/** A number as an address or a place in a list says it. @throws {Refusal} `not_here` */
export function toNumber(text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Refusal('not_here', 'no such version');
  return Number(text);
}

function showVersion(version: ClientVersion): z.input<typeof versionSchema> {
  return {
    ...{ number: version.number, status: version.status, changed: [...version.changed], is_risky: version.isRisky },
    ...{ from: version.from, to: version.to, via: version.via, actor: version.actor, reason: version.reason ?? null },
    approvals_needed: version.approvalsNeeded,
    created_at: said(version.createdAt),
    due_at: saidIfAny(version.dueAt),
    decided_at: saidIfAny(version.decidedAt),
    decided_by: version.decidedBy ?? null,
    declaration: version.content,
  };
}
