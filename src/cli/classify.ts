/** `lawang inventory classify`: decides what becomes of apps, of one or of many at once. */
import { readFile, stat } from 'node:fs/promises';
import { readConfig } from '#src/base/config.ts';
import { Refusal } from '#src/base/refusals.ts';
import { parseAppRef } from '#src/registry/app-refs.ts';
import { type DecisionRowRead, MAX_DECISIONS_FILE, readDecisions } from '#src/registry/decision-csv.ts';
import { decisionKinds } from '#src/registry/decision-rows.ts';
import { type DecisionPlan, planDecisions } from '#src/registry/decision-rules.ts';
import { decideEach } from '#src/registry/decisions.ts';
import { type Call, type Command, OutOfPlace, type Report, WrongInput } from './command.ts';
import { withDatabase } from './open.ts';

const text = { type: 'string' } as const;

/** So many lines are printed; `--json` has them all. */
const PRINTED = 20;

export const classifyApps: Command = {
  usage: '[FILE] [--app REF --decision KIND --reason TEXT] [--successor REF] [--on DAY] [--evidence LINK] [--dry-run]',
  summary:
    'decide what becomes of an app (keep, merge, retire, legacy), or of each that a CSV file names (columns: docs/classification.md). ' +
    'A row that may not be decided is named and left out; --dry-run changes nothing',
  operands: { min: 0, max: 1 },
  options: {
    ...{ app: text, decision: text, successor: text, on: text, reason: text, evidence: text },
    'dry-run': { type: 'boolean' },
  },
  run: (call) =>
    withDatabase(readConfig(call.environment), async (database) => {
      const [file] = call.operands;
      const rows = file === undefined ? [rowOf(call.options)] : await readDecisions(database, await readInput(file));
      const drafts = rows.flatMap((row) => ('draft' in row ? row.draft : []));
      const deciding = { reach: 'everywhere', actor: 'command', via: 'command' } as const;
      const plans = call.options['dry-run']
        ? await planDecisions(database, drafts, 'everywhere')
        : (await database.transaction((tx) => decideEach(tx, drafts, deciding))).plans;
      const unclear = rows.flatMap((row) => ('given' in row ? row.given : []));
      return report(plans, unclear, call.options['dry-run'] === true);
    }),
};

function rowOf(options: Call['options']): DecisionRowRead {
  const said = (name: string): string | undefined => {
    const value = options[name];
    return typeof value === 'string' ? value : undefined;
  };
  const refOf = (name: string) => {
    const value = said(name);
    const ref = value === undefined ? undefined : (parseAppRef(value) ?? parseAppRef(`client:${value}`));
    if (value !== undefined && !ref) throw new WrongInput(`--${name} is client:ID or inventory:ID.`);
    return ref;
  };
  const ref = refOf('app');
  const kind = decisionKinds.find((one) => one === said('decision'));
  const reason = said('reason');
  if (!ref || !kind || !reason) throw new WrongInput('give a FILE, or --app, --decision and --reason.');
  const evidence = said('evidence');
  const rest = {
    successor: refOf('successor'),
    effectiveOn: said('on'),
    evidence: evidence ? { uri: evidence } : undefined,
  };
  return { draft: { ref, kind, reason, ...rest } };
}

async function readInput(file: string): Promise<Buffer> {
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) throw new WrongInput(`there is no file ${file}.`);
  if (info.size > MAX_DECISIONS_FILE)
    throw new OutOfPlace(`${file} is larger than ${MAX_DECISIONS_FILE / 1024 / 1024} MB: split it.`);
  return readFile(file);
}

function report(plans: readonly DecisionPlan[], unclear: readonly string[], isDry: boolean): Report {
  const data = plans.map(({ draft, outcome, refused }) => ({
    ...{ app: draft.ref, decision: draft.kind, successor: draft.successor, on: draft.effectiveOn, outcome, refused },
  }));
  const say = (code: NonNullable<DecisionPlan['refused']>) => new Refusal(code).in('en').say;
  const refused = plans.flatMap((plan) => (plan.refused ? `${plan.draft.ref}: ${say(plan.refused)}` : []));
  const problems = [...unclear.map((given) => `${given}: ${say('decision_row_unclear')}`), ...refused];
  const count = (outcome: DecisionPlan['outcome']) => plans.filter((plan) => plan.outcome === outcome).length;
  const verb = isDry ? 'would be decided' : 'decided';
  const more = problems.length > PRINTED ? [`… and ${problems.length - PRINTED} more: --json prints them all.`] : [];
  return {
    data: { decisions: data, unclear },
    text: `${count('decided')} ${verb}, ${count('unchanged')} left as they are, ${problems.length} refused.`,
    problems: [...problems.slice(0, PRINTED), ...more],
  };
}
