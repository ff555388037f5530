/** One record of the inventory: what is said about it, which connected app it is, and how it came to say so. */
import type { Context } from 'koa';
import type { Language } from '#src/base/refusals.ts';
import { Refusal } from '#src/base/refusals.ts';
import { loadAgency } from '#src/registry/agencies.ts';
import { type AppRef, clientRef, inventoryRef } from '#src/registry/app-refs.ts';
import { mayAt } from '#src/registry/authority.ts';
import { findClient } from '#src/registry/clients.ts';
import { entryOf, findRecordByKey, type InventoryRecord } from '#src/registry/inventory.ts';
import { readFields, sectorNames, tidy } from '#src/registry/inventory-csv.ts';
import { textsOf, writeField } from '#src/registry/inventory-export.ts';
import { listMatchesOf } from '#src/registry/inventory-matches.ts';
import { sayMistake } from '#src/registry/inventory-mistakes.ts';
import { checkRecord, keySchema, type RecordEntry, recordFields } from '#src/registry/inventory-schema.ts';
import { listRecordVersions } from '#src/registry/inventory-versions.ts';
import { removeRecord, saveRecord, unlinkRecord } from '#src/registry/inventory-writes.ts';
import { listSectors } from '#src/registry/sectors.ts';
import {
  audiences,
  fieldName,
  newRecordPage,
  type RecordContext,
  type RecordVersionLine,
  recordPage,
  type TypedRecord,
} from '#views/console/inventory-record.ts';
import { translate } from '#views/locale.ts';
import type { Problem } from '#views/parts/problem.ts';
import { showForm } from '../frame.ts';
import type { OpenHouse } from '../house.ts';
import type { Form } from '../middleware/forms.ts';
import { nameOf } from '../names.ts';
import { seeOther } from '../see-other.ts';
import { nameColleagues, sayActor } from './colleagues.ts';
import { consoleFrame } from './frame.ts';
import { confirmOne, refuseOne, shownMatch } from './inventory-matches.ts';
import { demandWriting, listWritable, loadSeenRecord, mayWriteAt } from './inventory-sight.ts';
import { decisionPartOf } from './shown-decisions.ts';
import { answerConsole, type ConsoleVisit, showConsole } from './visit.ts';

/** `GET /console/inventory/:record`. @throws {Refusal} `not_here` */
export async function showRecord(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showPage(visit));
}

/** `POST /console/inventory/:record`. @throws {Refusal} `not_here`, `role_required` and what forms refuse */
export async function answerRecord(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(
    ctx,
    house,
    new Map([
      ['save', save],
      ['remove', remove],
      ['confirm', confirm],
      ['refuse', refuse],
      ['unlink', unlink],
    ]),
  );
}

const MOST_VERSIONS = 20;

type Said = Pick<RecordContext, 'typed' | 'problems'>;

async function showPage(visit: ConsoleVisit, said?: Said): Promise<void> {
  const { ctx, db, held } = visit;
  const record = await loadSeenRecord(visit);
  const mayWrite = mayAt(held, 'inventory.write', record.agency);
  const { id, key, number, agency, updatedAt, users, yearlyCost } = record;
  const language: Language = ctx.state.language;
  const notice = dones.find((one) => one === ctx.query.done);
  const context: RecordContext = {
    ...consoleFrame(visit, 'inventory'),
    record: {
      ...{ id, key, number, updatedAt, users, yearlyCost },
      name: language === 'en' ? (record.nameEn ?? record.name) : record.name,
      agency: { id: agency.id, name: nameOf(agency, language) },
    },
    sectors: await sectorsFor(visit),
    typed: typedOf(record),
    client: await clientOf(visit, record),
    matches: (await listMatchesOf(db, id)).flatMap((line) => shownMatch(visit, line, mayWrite)),
    versions: await versionsOf(visit, record),
    decision: await decisionPartOf(visit, refOf(record)),
    mayWrite,
    ...(notice && !said && { notice: { tone: 'done', text: translate(language)(`inventory.done-${notice}`) } }),
    ...said,
  };
  showForm(ctx, recordPage(context));
}

/** A record that is linked is decided about under its client's name. */
function refOf({ id, clientId }: InventoryRecord): AppRef {
  return clientId === undefined ? inventoryRef(id) : clientRef(clientId);
}

const dones = ['saved', 'unchanged', 'added', 'linked', 'unlinked', 'match-refused'] as const;

async function sectorsFor({ ctx, db }: ConsoleVisit): Promise<{ id: string; name: string }[]> {
  return (await listSectors(db)).map((sector) => ({ id: sector.id, name: nameOf(sector, ctx.state.language) }));
}

function typedOf(record: InventoryRecord): TypedRecord {
  return { ...textsOf(entryOf(record)), sectors: record.sectors, audience: record.audience };
}

async function clientOf(
  { ctx, db, held }: ConsoleVisit,
  { clientId }: InventoryRecord,
): Promise<RecordContext['client']> {
  const client = clientId === undefined ? undefined : await findClient(db, clientId);
  if (!client) return undefined;
  const { id, name, state, agency } = client;
  const language: Language = ctx.state.language;
  return { id, name: name[language], state, isSeen: mayAt(held, 'apps.read', agency) };
}

/** Each with what it changed of the one before. */
async function versionsOf(visit: ConsoleVisit, { id, agency }: InventoryRecord): Promise<RecordVersionLine[]> {
  const { ctx, db } = visit;
  const language: Language = ctx.state.language;
  const versions = await listRecordVersions(db, id, { limit: MOST_VERSIONS + 1 });
  const names = await nameColleagues(
    visit,
    versions.map(({ actor }) => actor),
    [agency.id],
  );
  return versions.slice(0, MOST_VERSIONS).map(({ number, at, actor, via, reason, changed, content }, index) => {
    const before = versions[index + 1]?.content;
    const fields = changed.filter((field) => field in content || (before && field in before));
    return {
      ...{ number, at, via, reason, changed },
      actor: sayActor(language, names, actor),
      changes: before
        ? fields.map((field) => ({
            label: fieldName(language, field),
            before: writeField(before[field as keyof RecordEntry]),
            after: writeField(content[field as keyof RecordEntry]),
          }))
        : [],
    };
  });
}

async function save(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const record = await loadSeenRecord(visit);
  demandWriting(visit, record);
  const typed = readTyped(form);
  const { entry, problems } = await checkTyped(visit, typed);
  if (!entry) {
    ctx.status = 422;
    return showPage(visit, { typed, problems });
  }
  const { outcome } = await saveRecord(db, {
    ...{ agencyId: record.agencyId, key: record.key, content: entry, ifNumber: readNumber(form) },
    ...{ actor: account.id, via: 'page', reason: readReason(form) },
  });
  seeOther(ctx, `/console/inventory/${record.id}?done=${outcome === 'unchanged' ? 'unchanged' : 'saved'}`);
}

function readNumber(form: Form): number {
  const number = form.get('number');
  if (!/^\d{1,9}$/.test(number))
    throw new Refusal('invalid_request', 'the form does not say which version it is about');
  return Number(number);
}

function readReason(form: Form): string | undefined {
  return tidy(form.get('reason')).slice(0, 300) || undefined;
}

function readTyped(form: Form): TypedRecord {
  const texts = recordFields.map((field) => [field, form.get(field)]);
  return {
    ...(Object.fromEntries(texts) as Record<(typeof recordFields)[number], string>),
    sectors: form.list('sector'),
    audience: audiences.filter((one) => form.get(`audience-${one}`) === 'yes'),
  };
}

/** Read as a row of a file is, so that a form takes numbers and addresses as people write them. */
async function checkTyped(
  { ctx, db }: ConsoleVisit,
  typed: TypedRecord,
): Promise<{ readonly entry?: RecordEntry; readonly problems: Problem<never>[] }> {
  const lists = { sectors: typed.sectors.join('|'), audience: typed.audience.join('|') };
  const cells = new Map(Object.entries({ ...typed, ...lists }).map(([field, text]) => [field, tidy(text)]));
  const { said, mistakes } = readFields(cells, sectorNames(await listSectors(db)));
  const checked = checkRecord(Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)));
  const found = [...mistakes, ...(checked.mistakes ?? [])];
  const first = found.filter(({ field }, index) => found.findIndex((other) => other.field === field) === index);
  const language: Language = ctx.state.language;
  const problems = first.map(({ field, code }) => ({ kind: 'said', text: sayMistake(code, language), field }) as const);
  return checked.entry && problems.length === 0 ? { entry: checked.entry, problems } : { problems };
}

async function remove(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const record = await loadSeenRecord(visit);
  demandWriting(visit, record);
  const writing = { actor: account.id, via: 'page', reason: readReason(form) } as const;
  await removeRecord(db, record.id, { ...writing, ifNumber: readNumber(form) });
  seeOther(ctx, '/console/inventory');
}

async function confirm(visit: ConsoleVisit, form: Form): Promise<void> {
  const record = await loadSeenRecord(visit);
  await confirmOne(visit, { recordId: record.id, clientId: form.get('client').trim() });
  seeOther(visit.ctx, `/console/inventory/${record.id}?done=linked`);
}

async function refuse(visit: ConsoleVisit, form: Form): Promise<void> {
  const record = await loadSeenRecord(visit);
  await refuseOne(visit, { recordId: record.id, clientId: form.get('client') });
  seeOther(visit.ctx, `/console/inventory/${record.id}?done=match-refused`);
}

async function unlink(visit: ConsoleVisit): Promise<void> {
  const record = await loadSeenRecord(visit);
  demandWriting(visit, record);
  await unlinkRecord(visit.db, record.id, visit.account.id);
  seeOther(visit.ctx, `/console/inventory/${record.id}?done=unlinked`);
}

/** `GET /console/inventory/new`. @throws {Refusal} `role_required` */
export async function showNewRecord(ctx: Context, house: OpenHouse): Promise<void> {
  await showConsole(ctx, house, (visit) => showNew(visit, { agency: '', key: '', typed: readTyped(noForm) }));
}

/** `POST /console/inventory/new`. @throws {Refusal} `role_required` and what forms refuse */
export async function addRecord(ctx: Context, house: OpenHouse): Promise<void> {
  await answerConsole(ctx, house, new Map([['add', add]]));
}

const noForm: Form = { get: () => '', list: () => [] };

async function showNew(
  visit: ConsoleVisit,
  said: { agency: string; key: string; typed: TypedRecord; problems?: readonly Problem<never>[] },
): Promise<void> {
  const agencies = await listWritable(visit);
  const sectors = await sectorsFor(visit);
  showForm(visit.ctx, newRecordPage({ ...consoleFrame(visit, 'inventory'), agencies, sectors, ...said }));
}

async function add(visit: ConsoleVisit, form: Form): Promise<void> {
  const { ctx, db, account } = visit;
  const [agency, key, typed] = [form.get('agency').trim(), tidy(form.get('key')), readTyped(form)];
  const { entry, problems } = await checkTyped(visit, typed);
  const all = [...(await findNameProblems(visit, agency, key)), ...problems];
  if (!entry || all.length > 0) {
    ctx.status = 422;
    return showNew(visit, { agency, key, typed, problems: all });
  }
  const { id } = await loadAgency(db, agency);
  const writing = { actor: account.id, via: 'page' } as const;
  const { record } = await saveRecord(db, { agencyId: id, key, content: entry, ...writing });
  seeOther(ctx, `/console/inventory/${record.id}?done=added`);
}

async function findNameProblems(visit: ConsoleVisit, agency: string, key: string): Promise<Problem<never>[]> {
  const language: Language = visit.ctx.state.language;
  const t = translate(language);
  const said = (text: string, field: string) => ({ kind: 'said', text, field }) as const;
  if (!(await mayWriteAt(visit, agency))) return [said(t('inventory.agency-wrong'), 'agency')];
  if (key === '') return [said(sayMistake('missing', language), 'key')];
  if (!keySchema.safeParse(key).success)
    return [said(sayMistake(key.length > 60 ? 'too_long' : 'text_unfit', language), 'key')];
  const taken = await findRecordByKey(visit.db, agency, key);
  return taken && !taken.removedAt ? [said(t('inventory.taken'), 'key')] : [];
}
