/** `lawang inventory classify`: decides what becomes of apps, of one or of many at once. */
import { readFile, stat } from 'node:fs/promises';
import { readConfig } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import { isId } from '#src/base/secrets.ts';
import { parseAppRef } from '#src/registry/app-refs.ts';
import {
  applyBatch,
  type BatchLine,
  loadBatch,
  openBatch,
  planLines,
  undoBatch,
} from '#src/registry/decision-batches.ts';
import { type DecisionRowRead, MAX_DECISIONS_FILE, readDecisions } from '#src/registry/decision-csv.ts';
import { decisionKinds } from '#src/registry/decision-rows.ts';
import { lockRegistry } from '#src/registry/version.ts';
import { type Call, type Command, OutOfPlace, type Report, WrongInput } from './command.ts';
import { withDatabase } from './open.ts';

const text = { type: 'string' } as const;

/** So many lines are printed; `--json` has them all. */
const PRINTED = 20;

export const classifyApps: Command = {
  usage:
    '[FILE] [--app REF --decision KIND --reason TEXT] [--successor REF] [--on DAY] [--evidence LINK] [--dry-run] [--undo BATCH]',
  summary:
    'decide what becomes of an app (keep, merge, retire, legacy), or of each that a CSV file names (columns: docs/classification.md). ' +
    'A row that may not be decided is named and left out; --dry-run changes nothing, --undo takes back all that one call decided',
  operands: { min: 0, max: 1 },
  options: {
    ...{ app: text, decision: text, successor: text, on: text, reason: text, evidence: text, undo: text },
    'dry-run': { type: 'boolean' },
  },
  run: (call) =>
    withDatabase(readConfig(call.environment), async (database) => {
      const { undo } = call.options;
      if (typeof undo === 'string') return undoCall(database, undo);
      const [file] = call.operands;
      const rows = file === undefined ? [rowOf(call.options)] : await readDecisions(database, await readInput(file));
      return call.options['dry-run'] === true ? lookAhead(database, rows) : decideAll(database, rows);
    }),
};

const deciding = { reach: 'everywhere', actor: 'command', via: 'command' } as const;

/** What the rows would come to; nothing of it is kept. */
async function lookAhead(db: Db, rows: readonly DecisionRowRead[]): Promise<Report> {
  return report(await planLines(db, rows, deciding.reach), undefined);
}

/** Decides as one batch, so that all of it can be undone at once. */
async function decideAll(database: Database, rows: readonly DecisionRowRead[]): Promise<Report> {
  return database.transaction(async (tx) => {
    await lockRegistry(tx);
    const id = await openBatch(tx, rows, deciding);
    await applyBatch(tx, id, deciding);
    return report((await loadBatch(tx, id, deciding.actor)).lines, id);
  });
}

async function undoCall(database: Database, batch: string): Promise<Report> {
  if (!isId(batch)) throw new WrongInput('--undo takes the id of a batch, as the call that decided has printed it.');
  const undone = await database.transaction((tx) => undoBatch(tx, batch, deciding));
  const apps = undone.map(({ decision }) => decision.ref);
  return { data: { batch, undone: apps }, text: `${apps.length} decisions undone.` };
}

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

function report(lines: readonly BatchLine[], batch: string | undefined): Report {
  const data = lines.map(({ draft, name, outcome, refused }) => ({
    ...{ app: draft?.ref ?? name.id, decision: draft?.kind, successor: draft?.successor, on: draft?.effectiveOn },
    ...{ outcome, refused },
  }));
  const problems = data.flatMap(({ app, refused }) => (refused ? `${app}: ${new Refusal(refused).in('en').say}` : []));
  const count = (outcome: BatchLine['outcome']) => lines.filter((line) => line.outcome === outcome).length;
  const verb = batch === undefined ? 'would be decided' : 'decided';
  const more = problems.length > PRINTED ? [`… and ${problems.length - PRINTED} more: --json prints them all.`] : [];
  const undo = batch === undefined || count('decided') === 0 ? '' : ` To take it back: --undo ${batch}`;
  return {
    data: { batch, decisions: data },
    text: `${count('decided')} ${verb}, ${count('unchanged')} left as they are, ${problems.length} refused.${undo}`,
    problems: [...problems.slice(0, PRINTED), ...more],
  };
}
