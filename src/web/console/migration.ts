/** How an app leaves accounts of its own behind: where it stands, one step on, one step back, and what is planned. */
import type { Context } from 'koa';
import { DAY_MS, dayOf, isDay, todayInJakarta } from '#src/base/epoch.ts';
import { Refusal } from '#src/base/refusals.ts';
import { mayAt } from '#src/registry/authority.ts';
import { type ClientRecord, type MigrationStage, migrationStages, type PlannedStep } from '#src/registry/clients.ts';
import { suggestNext } from '#src/registry/cohorts.ts';
import { findWayBack, isHeldBack, migrationOf, type StepRequest, stepBack, stepTo } from '#src/registry/migration.ts';
import { listSteps, type MigrationStep } from '#src/registry/migration-steps.ts';
import { MOST_PLANNED_STEPS } from '#src/registry/registration-schema.ts';
import { readSignIns } from '#src/registry/uses.ts';
import { findPendingVersion } from '#src/registry/versions.ts';
import { appLink } from '#views/console/app-page.ts';
import { type MigrationContext, migrationPage, type StepLine } from '#views/console/migration.ts';
import { type MessageKey, translate } from '#views/locale.ts';
import type { Problem } from '#views/parts/problem.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { seeOther } from '../see-other.ts';
import { stageAddress } from '../stage.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { appHeadOf, consoleFrame } from './frame.ts';
import { readNumber, readReason } from './versions.ts';
import { answerConsole, type ConsoleVisit, loadClientFor, showConsole } from './visit.ts';

const STEPS = 25;
const SIGN_IN_DAYS = 28;

/** `GET /console/apps/:client/migration`. @throws {Refusal} `not_here`, `role_required` */
export function showMigration(ctx: Context, house: OpenHouse): Promise<void> {
  return showConsole(ctx, house, async (visit) =>
    showPage(visit, await loadClientFor(visit, String(ctx.params.client), 'apps.read')),
  );
}

/** `POST /console/apps/:client/migration`. @throws {Refusal} `not_here`, `role_required`, `client_retired` */
export function changeMigration(ctx: Context, house: OpenHouse): Promise<void> {
  const by =
    (change: (asked: Asked) => Promise<void>) =>
    async (visit: ConsoleVisit, form: Form): Promise<void> => {
      const client = await loadClientFor(visit, String(ctx.params.client), 'apps.write');
      await change({ visit, client, form });
    };
  return answerConsole(
    ctx,
    house,
    new Map([
      ['step', by(step)],
      ['back', by(back)],
      ['plan', by(plan)],
      ['unplan', by(unplan)],
    ]),
  );
}

/** What a form of the page asks about an app. */
interface Asked {
  readonly visit: ConsoleVisit;
  readonly client: ClientRecord;
  readonly form: Form;
}

type Done = 'step' | 'back' | 'plan' | 'same';

const notices: Record<Done, MessageKey> = {
  step: 'migration.done-step',
  back: 'migration.done-back',
  plan: 'migration.done-plan',
  same: 'migration.done-same',
};

async function step(asked: Asked): Promise<void> {
  const { form } = asked;
  const { stage, percentage, problems } = readStanding(asked, 'stage', 'percentage');
  if (stage === undefined || percentage === undefined) return showAgain(asked, problems);
  const reason = readReason(form, 'reason');
  await carryOut(asked, 'step', (db, request) =>
    stepTo(db, { ...request, reason }, { standing: { stage, percentage } }),
  );
}

async function back(asked: Asked): Promise<void> {
  await carryOut(asked, 'back', stepBack);
}

async function plan(asked: Asked): Promise<void> {
  const { client, form } = asked;
  const { stage, percentage, problems } = readStanding(asked, 'plan_stage', 'plan_percentage');
  const on = readDay(form);
  const isTaken = client.migrationPlan.some((one) => one.on === on);
  if (on === undefined || on <= todayInJakarta() || isTaken)
    problems.push(wrong(asked, 'migration.on-wrong', 'plan_on'));
  if (client.migrationPlan.length >= MOST_PLANNED_STEPS) problems.push(wrong(asked, 'migration.plan-full'));
  if (problems.length > 0 || on === undefined || stage === undefined || percentage === undefined)
    return showAgain(asked, problems);
  await savePlan(asked, [...client.migrationPlan, { stage, percentage, on }]);
}

async function unplan(asked: Asked): Promise<void> {
  const on = asked.form.get('on');
  await savePlan(
    asked,
    asked.client.migrationPlan.filter((one) => one.on !== on),
  );
}

async function savePlan(asked: Asked, steps: readonly PlannedStep[]): Promise<void> {
  await carryOut(asked, 'plan', (db, request) => stepTo(db, request, { plan: steps }));
}

/** What is refused is said on the page, where it can be put right. */
async function carryOut(
  asked: Asked,
  done: Done,
  change: (db: ConsoleVisit['db'], request: StepRequest) => Promise<ClientRecord>,
): Promise<void> {
  const { visit, client, form } = asked;
  const { ctx, db, house, account } = visit;
  const ifNumber = readNumber(form.get('number')) ?? 0;
  const { mode } = house.config;
  const request = { clientId: client.id, actor: account.id, via: 'page', mode, ifNumber } as const;
  try {
    const { number } = await change(db, request);
    seeOther(ctx, `${appLink(client.id, 'migration')}?done=${number === client.number ? 'same' : done}`);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { say, next } = error.in(ctx.state.language);
    await showAgain({ ...asked, client: await loadClientFor(visit, client.id, 'apps.write') }, [
      { kind: 'said', text: `${say} ${next}` },
    ]);
  }
}

interface ReadStanding {
  readonly stage: MigrationStage | undefined;
  readonly percentage: number | undefined;
  readonly problems: Problem<never>[];
}

function readStanding(asked: Asked, stageName: string, percentageName: string): ReadStanding {
  const { form } = asked;
  const stage = migrationStages.find((one) => one === form.get(stageName));
  const typed = form.get(percentageName).trim().replace(/ ?%$/, '');
  const number = /^\d{1,3}$/.test(typed) ? Number(typed) : Number.NaN;
  const percentage = number <= 100 ? number : undefined;
  const problems = [
    ...(stage ? [] : [wrong(asked, 'migration.stage-wrong', stageName)]),
    ...(percentage === undefined ? [wrong(asked, 'migration.percentage-wrong', percentageName)] : []),
  ];
  return { stage, percentage, problems };
}

function readDay(form: Form): string | undefined {
  const typed = form.get('plan_on').trim();
  return isDay(typed) ? typed : undefined;
}

function wrong({ visit }: Asked, key: MessageKey, field?: string): Problem<never> {
  const text = translate(visit.ctx.state.language)(key, { most: MOST_PLANNED_STEPS });
  return { kind: 'said', text, field };
}

const fields = ['stage', 'percentage', 'reason', 'plan_on', 'plan_stage', 'plan_percentage'] as const;

async function showAgain({ visit, client, form }: Asked, problems: readonly Problem<never>[]): Promise<void> {
  visit.ctx.status = 422;
  const typed = fields.flatMap((name) => (form.get(name) ? [[name, form.get(name)] as const] : []));
  await showPage(visit, client, { values: Object.fromEntries(typed), problems });
}

async function showPage(
  visit: ConsoleVisit,
  client: ClientRecord,
  { values = {}, problems = [] }: Partial<Pick<MigrationContext, 'values' | 'problems'>> = {},
): Promise<void> {
  const { ctx, db, house, held } = visit;
  const language: 'id' | 'en' = ctx.state.language;
  const { standing, plan: planned } = migrationOf(client);
  const found = await listSteps(db, client.id, { limit: STEPS + 1 });
  const pending = await findPendingVersion(db, client.id);
  const next = suggestNext(planned.at(-1) ?? standing);
  const done = Object.entries(notices).find(([name]) => name === ctx.query.done)?.[1];
  const context: MigrationContext = {
    ...consoleFrame(visit, 'apps'),
    head: appHeadOf(visit, client),
    now: standing,
    since: found[0]?.at,
    back: await findWayBack(db, client.id),
    plan: planned.map((one) => ({ ...one, on: new Date(one.on), day: one.on })),
    held: isHeldBack(client, pending !== undefined, house.config.mode),
    steps: await linesOf(visit, client, found.slice(0, STEPS)),
    hasMoreSteps: found.length > STEPS,
    signIns: await signInsOf(visit, client),
    number: client.number,
    waiting: pending && { number: pending.number, link: `${appLink(client.id, 'versions')}/${pending.number}` },
    address: stageAddress(house.config.issuer, client.id),
    mayStep: client.state !== 'retired' && mayAt(held, 'apps.write', client.agency),
    values: { ...suggested(suggestNext(standing), next), ...values },
    notice: problems?.length === 0 && done ? { tone: 'done', text: translate(language)(done) } : undefined,
    problems,
  };
  showForm(ctx, migrationPage(context));
}

type Standing = MigrationContext['now'];

function suggested(now: Standing, later: Standing): Record<string, string> {
  return {
    ...{ stage: now.stage, percentage: String(now.percentage) },
    ...{ plan_stage: later.stage, plan_percentage: String(later.percentage) },
  };
}

async function linesOf(
  visit: ConsoleVisit,
  client: ClientRecord,
  steps: readonly MigrationStep[],
): Promise<StepLine[]> {
  const actors = steps.map(({ actor }) => actor);
  const names = await nameColleagues(visit, actors, client.agency.path);
  return steps.map(({ backTo, actor, ...one }) => ({
    ...one,
    isBack: backTo !== undefined,
    actor: sayActor(visit.ctx.state.language, names, actor),
  }));
}

/** Of the last days, the oldest first; a day without any is one with none. */
async function signInsOf({ db }: ConsoleVisit, client: ClientRecord): Promise<MigrationContext['signIns']> {
  const now = Date.now();
  const days = Array.from({ length: SIGN_IN_DAYS }, (_, index) =>
    dayOf(new Date(now - (SIGN_IN_DAYS - 1 - index) * DAY_MS)),
  );
  const counted = await readSignIns(db, client.id, String(days[0]));
  return { days: days.map((one) => new Date(one)), counts: days.map((one) => counted.get(one) ?? 0) };
}
