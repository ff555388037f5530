/** The checks of an app, and its way to production. */
import { z } from 'zod';
import { type KeptFinding, listFindings } from '#src/registry/checks/findings.ts';
import { askForProduction, noteAsked } from '#src/registry/promotion.ts';
import { text } from '#src/registry/registration-schema.ts';
import { answerChange } from './apps.ts';
import { loadAppOf } from './authority.ts';
import { type ApiRoute, listRoute, route } from './route.ts';
import { changeSchema, checkSchema, said, saidIfAny } from './schemas.ts';

export const checkRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/apps/:client/checks',
    id: 'listChecks',
    summary: 'What the checks of an app found last',
    scope: 'apps.read',
    item: checkSchema,
    async page(call) {
      const app = await loadAppOf(call, 'apps.read');
      return { items: (await listFindings(call.db, app.id)).map(showFinding), next: undefined };
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:client/production',
    id: 'askForProduction',
    summary: 'Ask for production',
    description:
      'Every check has to be green, and seen within the last quarter of an hour. An app of low risk is live at once; another one answers 202 and waits until others have agreed.',
    scope: 'apps.write',
    body: z.strictObject({ reason: text(500).optional() }),
    status: 200,
    alsoAnswers: { 202: 'Others have to agree first.' },
    isVersioned: true,
    answer: changeSchema,
    async carryOut(call) {
      const { db, house, actor, body } = call;
      const app = await loadAppOf(call, 'apps.write');
      await noteAsked(db, app.id);
      const { mode } = house.config;
      const asking = { clientId: app.id, actor, via: 'api', mode, reason: body.reason } as const;
      return answerChange(await askForProduction(db, house.secrets, asking));
    },
  }),
];

function showFinding(finding: KeptFinding): z.input<typeof checkSchema> {
  return {
    ...{ name: finding.name, outcome: finding.outcome, problems: finding.problems.map((one) => ({ ...one })) },
    ...{ checked_at: said(finding.checkedAt), failing_since: saidIfAny(finding.failingSince) },
  };
}
