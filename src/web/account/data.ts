/** `/account/data`: all that is held about a person, as a page that can be printed and as one file. */
import { Readable } from 'node:stream';
import type { Context } from 'koa';
import { recordAccountEvent } from '#src/audit/events.ts';
import { HOUR_MS } from '#src/base/epoch.ts';
import { type HeldRow, heldGroups, heldTables, readReasons, unreadTables, type Whose } from '#src/oidc/held.ts';
import { checkUnrestricted } from '#src/people/proofing.ts';
import { atCost } from '#src/people/throttles.ts';
import { agencyOfGroup } from '#src/registry/agencies.ts';
import { type DataContext, type DataRows, dataPage } from '#views/account/data.ts';
import { translate } from '#views/locale.ts';
import { dataDownloadedMessage } from '#views/messages.ts';
import { begun } from '../begun.ts';
import { frameOf, showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import { notifyContacts } from '../messages.ts';
import { appNameOf, nameAgencies } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { sayRefused } from './refused.ts';
import { isProven, showTo, type Visit } from './visit.ts';

/** How many rows of a table the page shows; the file has all. */
const ROWS = 20;

/** `GET /account/data`, after a fresh proof. */
export function showData(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, (visit) => showPage(visit), { freshProof: true });
}

/**
 * `GET /account/data.json`: the same and all of the rest, as it is read, some times a day. Every contact is told, once an hour:
 * whoever takes this has everything.
 *
 * @throws {Refusal} `account_restricted`
 */
export function downloadData(ctx: Context, house: OpenHouse): Promise<void> {
  return showTo(ctx, house, async (visit) => {
    const { db, account } = visit;
    // The page asks for the proof, and the file is asked for there.
    if (!(await isProven(visit))) return seeOther(ctx, '/account/data');
    checkUnrestricted(account);
    const accountId = account.id;
    try {
      const cost = [['data_download_by_account', accountId]] as const;
      const note = () => recordAccountEvent(db, { accountId, kind: 'data.downloaded' });
      await atCost(house.throttles, { cost, counts: 'done' }, note);
    } catch (error) {
      return showPage(visit, { downloadAgainIn: waitFor(visit, error) });
    }
    const cause = `data downloaded ${Math.floor(Date.now() / HOUR_MS)}`;
    await notifyContacts(house, db, accountId, dataDownloadedMessage, { cause });
    // When most of it is read this request's unit of work is over.
    const whose = { db: house.database, secrets: house.secrets, accountId };
    const pieces = await begun(writeFile(house, whose, new Date()));
    ctx.set('Cache-Control', 'no-store');
    ctx.set('Content-Disposition', 'attachment; filename="data.json"');
    ctx.type = 'application/json';
    ctx.body = Readable.from(pieces);
  });
}

/** How many seconds a limit makes them wait; the answer says so too. @throws whatever else went wrong */
function waitFor(visit: Visit, error: unknown): number {
  const problem = sayRefused(visit, error);
  if (!('seconds' in problem)) throw error;
  return problem.seconds;
}

/** The file, piece by piece. */
async function* writeFile(house: OpenHouse, whose: Whose, madeAt: Date): AsyncGenerator<string> {
  const reasons = await readReasons(house.database);
  yield `{"issuer":${JSON.stringify(house.config.issuer)},"made_at":${JSON.stringify(madeAt)},"groups":[`;
  for (const [i, group] of heldGroups.entries()) {
    const head = { group, name: inBoth(`data.group-${group}`), why: inBoth(`data.why-${group}`) };
    const kept = inBoth(`data.kept-${group}`, { months: keptMonths(house)[group] ?? 0 });
    yield `${i > 0 ? ',' : ''}\n${JSON.stringify({ ...head, kept }).slice(0, -1)},"tables":[`;
    for (const [n, { table, shows, rowsOf }] of heldTables.filter((one) => one.group === group).entries()) {
      const fields = Object.entries(shows).map(([column, name]) => [name, reasons.get(`${table}.${column}`)]);
      yield `${n > 0 ? ',' : ''}\n{"table":"${table}","fields":${JSON.stringify(Object.fromEntries(fields))},"rows":[`;
      let isFirst = true;
      for await (const row of rowsOf(whose)) {
        yield `${isFirst ? '' : ','}\n${JSON.stringify(row, inText)}`;
        isFirst = false;
      }
      yield ']}';
    }
    yield ']}';
  }
  yield `],\n"left_out":${JSON.stringify(leftOut(reasons))}}\n`;
}

/** What is not handed out, with what it is kept for and the reason. */
function leftOut(reasons: ReadonlyMap<string, string>) {
  const ofTables = heldTables.flatMap(({ table, leavesOut }) =>
    Object.entries(leavesOut).map(([column, reason]) => ({ column: `${table}.${column}`, reason })),
  );
  const unread = [...reasons.keys()].flatMap((column) => {
    const reason = unreadTables[column.split('.')[0] ?? ''];
    return reason ? [{ column, reason }] : [];
  });
  return [...ofTables, ...unread].map((one) => ({ ...one, kept_for: reasons.get(one.column) }));
}

function inText(_: string, value: unknown): unknown {
  return typeof value === 'bigint' ? String(value) : value;
}

function inBoth(...said: Parameters<ReturnType<typeof translate>>) {
  return { id: translate('id')(...said), en: translate('en')(...said) };
}

function keptMonths({ config }: OpenHouse): DataContext['keptMonths'] {
  return { releases: config.releasesKeptMonths, history: config.eventsKeptMonths };
}

async function showPage(visit: Visit, said: Pick<DataContext, 'downloadAgainIn'> = {}): Promise<void> {
  const { ctx, house, account } = visit;
  const isRestricted = account.restrictedAt !== undefined;
  const groups = isRestricted ? [] : await readGroups(visit);
  const page = { groups, isRestricted, keptMonths: keptMonths(house), now: new Date(), ...said };
  showForm(ctx, dataPage({ ...frameOf(ctx, house), ...page }));
}

async function readGroups(visit: Visit): Promise<DataContext['groups']> {
  const { db, house, account } = visit;
  const whose = { db, secrets: house.secrets, accountId: account.id, atOnce: ROWS + 1 };
  const read = [];
  for (const group of heldGroups) {
    const tables: DataRows[] = [];
    for (const one of heldTables.filter((each) => each.group === group)) {
      const rows = await firstOf(one.rowsOf(whose), ROWS + 1);
      tables.push({ table: one.table, rows: rows.slice(0, ROWS), hasMore: rows.length > ROWS });
    }
    read.push({ group, tables });
  }
  return nameAll(visit, read);
}

async function firstOf(rows: AsyncIterable<HeldRow>, most: number): Promise<HeldRow[]> {
  const read: HeldRow[] = [];
  for await (const row of rows) {
    read.push(row);
    if (read.length === most) break;
  }
  return read;
}

/** Apps and agencies by their names. */
async function nameAll(visit: Visit, groups: DataContext['groups']): Promise<DataContext['groups']> {
  const rows = groups.flatMap(({ tables }) => tables.flatMap((table) => table.rows));
  const ids = rows.flatMap((row) => agencyIn(row) ?? []);
  const agencies = await nameAgencies(visit.db, ids, visit.ctx.state.language);
  const nameRow = (row: HeldRow): HeldRow => {
    const { app } = row;
    const agency = agencyIn(row);
    return {
      ...row,
      ...(typeof app === 'string' && { app: appNameOf(visit, app) }),
      ...(agency && { agency: agencies.get(agency) ?? agency }),
    };
  };
  return groups.map(({ group, tables }) => ({
    group,
    tables: tables.map((table) => ({ ...table, rows: table.rows.map(nameRow) })),
  }));
}

/** The agency that a row is about: of a code name the one whose apps know it. */
function agencyIn({ agency, details, group_id: group }: HeldRow): string | undefined {
  const named = agency ?? (details as Readonly<Record<string, unknown>> | undefined)?.agency;
  if (typeof named === 'string') return named;
  return typeof group === 'string' ? agencyOfGroup(group) : undefined;
}
