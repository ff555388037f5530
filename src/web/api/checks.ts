/** The checks of an app, and its way to production. */
import { z } from 'zod';
import { checkNow } from '#src/registry/checks/check-now.ts';
import { type KeptFinding, listFindings } from '#src/registry/checks/findings.ts';
import { askForProduction, mayAskForProduction, noteAsked } from '#src/registry/promotion.ts';
import { text } from '#src/registry/registration-schema.ts';
import { answerChange } from './apps.ts';
import { loadAppOf } from './authority.ts';
import { type ApiRoute, listRoute, route } from './route.ts';
import { changeSchema, checkSchema } from './schemas/apps.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

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
    path: '/apps/:client/checks',
    id: 'runChecks',
    summary: 'Look at an app once more, and say what was found',
    description:
      'Looks at its addresses, keys, test sign-ins and what is declared; not more often than every few seconds.',
    scope: 'apps.write',
    status: 200,
    answer: z.strictObject({ items: z.array(checkSchema) }),
    async prepare(call) {
      const app = await loadAppOf(call, 'apps.write');
      await checkNow(call.house.database, call.house.config, app.id);
    },
    async carryOut(call) {
      const app = await loadAppOf(call, 'apps.write');
      return { body: { items: (await listFindings(call.db, app.id)).map(showFinding) } };
    },
  }),
  route({
    method: 'POST',
    path: '/apps/:client/production',
    id: 'askForProduction',
    summary: 'Ask for production',
    description:
      'The checks run once more, and every one has to be green. An app of low risk is live at once; another one answers 202 and waits until others have agreed.',
    scope: 'apps.write',
    body: z.strictObject({ reason: text(500).optional() }),
    status: 200,
    alsoAnswers: { 202: 'Others have to agree first.' },
    isVersioned: true,
    answer: changeSchema,
    async prepare(call) {
      const { database, config } = call.house;
      const app = await loadAppOf(call, 'apps.write');
      if (!mayAskForProduction(app)) return;
      await noteAsked(database, app.id);
      await checkNow(database, config, app.id);
    },
    async carryOut(call) {
      const { db, house, actor, body } = call;
      const app = await loadAppOf(call, 'apps.write');
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
