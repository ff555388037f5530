/**
 * What apps are compared by. A profile is written in the transaction that changes the app, so that whoever looks for likely
 * duplicates a moment later finds it; comparing it with the others is asked for and done by a job (`comparing.ts`).
 *
 * One that is retired is compared with nothing, and a record of the inventory that is linked to a client has none: the two are one
 * app, and what was decided about the record's pairs holds for the client's.
 */
import { createHash } from 'node:crypto';
import { parse as parseDomain } from 'tldts';
import { isLoopback } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { type AppRef, clientRef, partsOf } from './app-refs.ts';
import { tellingWords, wordsOfNames } from './app-words.ts';
import type { ClientState } from './clients.ts';

/** Writes what an app is compared by, after it has changed or gone. Inside the transaction that changes it. */
export function writeProfile(tx: Db, ref: AppRef): Promise<void> {
  return writeProfiles(tx, [ref]);
}

/** {@link writeProfile} for many. */
export async function writeProfiles(tx: Db, refs: readonly AppRef[]): Promise<void> {
  await askToCompare(tx, await refreshProfiles(tx, refs));
}

/**
 * Writes what apps are compared by, without asking for it.
 *
 * @returns those that have changed in something that is compared
 */
export async function refreshProfiles(tx: Db, refs: readonly AppRef[]): Promise<AppRef[]> {
  const profiles = (await readSources(tx, refs)).map(toProfile);
  const there = new Set(profiles.map(({ ref }) => ref));
  const gone = refs.filter((ref) => !there.has(ref));
  const known = await findKnown(tx, refs);
  await saveProfiles(tx, profiles);
  await saveTerms(tx, profiles);
  for (const ref of gone.filter((one) => known.has(one))) await removeProfile(tx, ref);
  const changed = profiles.filter(({ ref, digest }) => known.get(ref)?.digest !== digest).map(({ ref }) => ref);
  await askAboutFamilies(
    tx,
    [...changed, ...gone].flatMap((ref) => known.get(ref)?.name_words ?? []),
  );
  return changed;
}

/** A family that an app has left is counted anew: by comparing its first again, or it is no family where nobody is left. */
async function askAboutFamilies(tx: Db, words: readonly string[]): Promise<void> {
  if (words.length === 0) return;
  const families = await tx.query<{ words: string; ref: string | null }>(
    `select f.words, (select p.ref from app_profiles p where p.name_words = f.words and p.state <> 'retired'
       order by p.agency_id, p.ref limit 1) as ref
     from app_families f where f.words = any($1)`,
    [words],
  );
  await askToCompare(
    tx,
    families.flatMap(({ ref }) => ref ?? []),
  );
  const empty = families.filter(({ ref }) => ref === null).map((one) => one.words);
  if (empty.length > 0) await tx.execute('delete from app_families where words = any($1)', [empty]);
}

/** Keeps apps as they are until the transaction ends, so that what is read of them is what they are. */
export async function holdApps(tx: Db, refs: readonly AppRef[]): Promise<void> {
  const [clients, records] = idsOf(refs);
  await tx.query('select id from clients where id = any($1) order by id for share', [clients]);
  await tx.query('select id from inventory where id = any($1) order by id for share', [records]);
}

/** Asks for apps to be compared with the others; one that is being compared already is compared again. */
export async function askToCompare(db: Db, refs: readonly string[]): Promise<void> {
  if (refs.length === 0) return;
  await db.execute(
    `insert into app_comparisons (ref, asked_at) select ref, $2 from unnest($1::text[]) as asked (ref)
     on conflict (ref) do update set asked_at = excluded.asked_at, lease_until = null`,
    [refs, new Date()],
  );
}

/** Asks for every app there is to be read and compared anew. @returns how many */
export function askToCompareAll(db: Db): Promise<number> {
  return db.execute(
    `insert into app_comparisons (ref, asked_at)
     select 'client:' || id, $1::timestamptz from clients
     union all select 'inventory:' || id, $1 from inventory where removed_at is null and client_id is null
     on conflict (ref) do update set asked_at = excluded.asked_at, lease_until = null`,
    [new Date()],
  );
}

/** Takes an agency's apps, and those of all below it, along to where the agency stands now, and what was found about them. */
export async function moveProfiles(tx: Db, agencyId: string): Promise<void> {
  const moved = await tx.query<{ ref: string }>(
    `update app_profiles p set agencies = a.path from agencies a
     where a.path @> array[$1::text] and p.agency_id = a.id returning p.ref`,
    [agencyId],
  );
  const refs = moved.map(({ ref }) => ref);
  await tx.execute(
    `update app_pairs set agencies = array(select distinct unnest(one.agencies || other.agencies))
     from app_profiles one, app_profiles other
     where one.ref = low and other.ref = high and (low = any($1) or high = any($1))`,
    [refs],
  );
  await askToCompare(tx, refs);
}

/** An app as it is declared, before it is made comparable. */
interface Source {
  ref: AppRef;
  client_id: string | null;
  inventory_id: string | null;
  agency_id: string;
  path: string[];
  names: string[];
  name: string;
  name_en: string | null;
  description: string | null;
  description_en: string | null;
  address: string | null;
  service_code: string | null;
  sectors: string[];
  audience: string[];
  claims: string[];
  state: AppState;
}

const ownNames = `array(select unnest(array[n.name, n.name_en, n.legal_name]) from agencies n where n.id = a.id or n.id = any(a.path))`;

const selectSources = `
  select 'client:' || c.id as ref, c.id as client_id, null as inventory_id, c.agency_id, a.path, ${ownNames} as names, c.name, c.name_en,
    coalesce(c.description, c.purpose) as description, coalesce(c.description_en, c.purpose_en) as description_en,
    coalesce(c.home_uri, c.redirect_uris[1]) as address, c.service_code, c.sectors, c.audience,
    array(select k.claim from client_claims k where k.client_id = c.id order by k.claim) as claims, c.state
  from clients c join agencies a on a.id = c.agency_id where c.id = any($1)
  union all
  select 'inventory:' || i.id, null, i.id, i.agency_id, a.path, ${ownNames}, i.name, i.name_en, i.description, i.description_en,
    i.host, i.service_code, i.sectors, i.audience, i.claims, 'unconnected'
  from inventory i join agencies a on a.id = i.agency_id where i.id = any($2) and i.removed_at is null and i.client_id is null`;

function readSources(db: Db, refs: readonly AppRef[]): Promise<Source[]> {
  return db.query<Source>(selectSources, idsOf(refs));
}

/** The ids of clients, and those of records. */
function idsOf(refs: readonly AppRef[]): [clients: string[], records: string[]] {
  const parts = refs.map(partsOf);
  const of = (kind: string) => parts.filter((one) => one.kind === kind).map(({ id }) => id);
  return [of('client'), of('inventory')];
}

/** Where an app stands that may not be connected. */
export type AppState = ClientState | 'unconnected';

/** What two apps are told apart by. */
export interface Likenesses {
  readonly agencyId: string;
  /** The ids from the root of the tree to its agency. */
  readonly agencies: readonly string[];
  readonly nameWords: string;
  readonly nameEnWords: string;
  readonly descriptionWords: string;
  readonly descriptionEnWords: string;
  readonly host: string | undefined;
  /** The part of the host that somebody registered. */
  readonly domain: string | undefined;
  readonly serviceCode: string | undefined;
  readonly audience: readonly string[];
  readonly claims: readonly string[];
}

/** What an app says of itself, registered or not. */
export interface AppSayings {
  readonly agencyId: string;
  readonly agencies: readonly string[];
  /** Names of its agency and of those above, in every language. */
  readonly agencyNames: readonly string[];
  readonly name: string;
  readonly nameEn: string | undefined;
  readonly description: string | undefined;
  readonly descriptionEn: string | undefined;
  /** Of its home page, or only the host. */
  readonly address: string | undefined;
  readonly serviceCode: string | undefined;
  readonly audience: readonly string[];
  readonly claims: readonly string[];
}

/** Makes an app comparable. A language in which it says the same words again counts once. */
export function likenessesOf(app: AppSayings): Likenesses {
  const own = wordsOfNames(app.agencyNames);
  const words = (text: string | undefined) => (text === undefined ? '' : tellingWords(text, own));
  const unlessSame = (text: string, other: string) => (text === other ? '' : text);
  const [nameWords, descriptionWords] = [words(app.name), words(app.description)];
  const { agencyId, agencies, serviceCode, audience } = app;
  return {
    ...{ agencyId, agencies, serviceCode, audience, nameWords, descriptionWords },
    ...placeOf(app.address),
    nameEnWords: unlessSame(words(app.nameEn), nameWords),
    descriptionEnWords: unlessSame(words(app.descriptionEn), descriptionWords),
    claims: [...new Set(app.claims)].toSorted(),
  };
}

/** Where an app is. A loopback address is everybody's, and one without a registered domain nobody's. */
function placeOf(address: string | undefined): Pick<Likenesses, 'host' | 'domain'> {
  if (address === undefined) return { host: undefined, domain: undefined };
  const { hostname, domain } = parseDomain(address);
  if (!hostname || !domain || isLoopback(hostname)) return { host: undefined, domain: undefined };
  return { host: hostname.toLowerCase(), domain: domain.toLowerCase() };
}

interface Profile {
  readonly ref: AppRef;
  readonly digest: string;
  readonly state: string;
  readonly name_words: string;
  readonly name_en_words: string;
  readonly description_words: string;
  readonly description_en_words: string;
  readonly [column: string]: unknown;
}

function toProfile(source: Source): Profile {
  const alike = likenessesOf({
    agencyId: source.agency_id,
    agencies: source.path.length === 0 ? [source.agency_id] : source.path,
    agencyNames: source.names,
    name: source.name,
    nameEn: source.name_en ?? undefined,
    description: source.description ?? undefined,
    descriptionEn: source.description_en ?? undefined,
    address: source.address ?? undefined,
    serviceCode: source.service_code ?? undefined,
    audience: source.audience.toSorted(),
    claims: source.claims,
  });
  const { ref, state, sectors } = source;
  const compared = [alike, sectors, state === 'retired'];
  return {
    ...{ ref, state, sectors, client_id: source.client_id, inventory_id: source.inventory_id },
    ...{ name: source.name, name_en: source.name_en ?? source.name },
    ...columnsOf(alike),
    digest: createHash('sha256').update(JSON.stringify(compared)).digest('hex'),
  };
}

/** The likenesses under the names of their columns. */
export function columnsOf(alike: Likenesses) {
  return {
    agency_id: alike.agencyId,
    agencies: alike.agencies,
    name_words: alike.nameWords,
    name_en_words: alike.nameEnWords,
    description_words: alike.descriptionWords,
    description_en_words: alike.descriptionEnWords,
    host: alike.host,
    domain: alike.domain,
    service_code: alike.serviceCode,
    audience: alike.audience,
    claims: alike.claims,
  };
}

interface KnownProfile {
  ref: string;
  digest: string;
  name_words: string;
}

/** What the profiles say until now. */
async function findKnown(db: Db, refs: readonly AppRef[]): Promise<ReadonlyMap<string, KnownProfile>> {
  const rows = await db.query<KnownProfile>(
    `select ref, encode(digest, 'hex') as digest, name_words from app_profiles where ref = any($1)`,
    [refs],
  );
  return new Map(rows.map((row) => [row.ref, row]));
}

/** A profile that says the same stays untouched: it stands in many indexes. */
async function saveProfiles(tx: Db, profiles: readonly Profile[]): Promise<void> {
  if (profiles.length === 0) return;
  await tx.execute(
    `insert into app_profiles as p (ref, client_id, inventory_id, agency_id, agencies, name, name_en, name_words, name_en_words,
       description_words, description_en_words, host, domain, service_code, sectors, audience, claims, state, digest, changed_at)
     select ref, client_id, inventory_id, agency_id, agencies, name, name_en, name_words, name_en_words,
       description_words, description_en_words, host, domain, service_code, sectors, audience, claims, state, decode(digest, 'hex'), $2
     from jsonb_to_recordset($1::jsonb) as given (ref text, client_id text, inventory_id text, agency_id text, agencies text[],
       name text, name_en text, name_words text, name_en_words text, description_words text, description_en_words text,
       host text, domain text, service_code text, sectors text[], audience text[], claims text[], state text, digest text)
     order by ref
     on conflict (ref) do update set agency_id = excluded.agency_id, agencies = excluded.agencies, name = excluded.name,
       name_en = excluded.name_en, name_words = excluded.name_words, name_en_words = excluded.name_en_words,
       description_words = excluded.description_words, description_en_words = excluded.description_en_words,
       host = excluded.host, domain = excluded.domain, service_code = excluded.service_code, sectors = excluded.sectors,
       audience = excluded.audience, claims = excluded.claims, state = excluded.state, digest = excluded.digest,
       changed_at = excluded.changed_at
     where (p.digest, p.state, p.name, p.name_en) is distinct from (excluded.digest, excluded.state, excluded.name, excluded.name_en)`,
    [JSON.stringify(profiles), new Date()],
  );
}

/**
 * The words of what apps are called and of what they do, each different text once: whoever bears it is found by its digest. A text
 * that nobody bears any more stays, and leads to nobody.
 */
async function saveTerms(tx: Db, profiles: readonly Profile[]): Promise<void> {
  const terms = new Map(profiles.flatMap(termsOf).map((term) => [`${term.kind} ${term.text} ${term.word}`, term]));
  if (terms.size === 0) return;
  const given = [...terms.values()];
  await tx.execute(
    `with new as (
       insert into app_terms (kind, word, text, words)
       select kind, word, text::uuid, words from jsonb_to_recordset($1::jsonb) as t (kind text, word text, text text, words smallint)
       order by 1, 2, 3 on conflict (kind, word, text) do nothing returning word)
     insert into app_words (word) select distinct word from new order by word on conflict (word) do nothing`,
    [JSON.stringify(given)],
  );
}

function termsOf(profile: Profile) {
  return [
    ...termsOfText('name', profile.name_words),
    ...termsOfText('name', profile.name_en_words),
    ...termsOfText('description', profile.description_words),
    ...termsOfText('description', profile.description_en_words),
  ];
}

function termsOfText(kind: 'name' | 'description', text: string) {
  const words = text.split(' ').filter(Boolean);
  const digest = createHash('md5').update(text).digest('hex');
  return words.map((word) => ({ kind, word, text: digest, words: words.length }));
}

async function removeProfile(tx: Db, ref: AppRef): Promise<void> {
  const { kind, id } = partsOf(ref);
  if (kind === 'inventory') await keepDecisions(tx, ref, id);
  await tx.execute('delete from app_profiles where ref = $1', [ref]);
  await tx.execute('delete from app_comparisons where ref = $1', [ref]);
}

/** What was decided about the pairs of a record holds for those of the client it is linked to. */
async function keepDecisions(tx: Db, ref: AppRef, inventoryId: string): Promise<void> {
  const linked = await tx.first<{ client_id: string }>(
    'select client_id from inventory where id = $1 and client_id is not null and removed_at is null',
    [inventoryId],
  );
  if (!linked) return;
  await writeProfile(tx, clientRef(linked.client_id));
  await tx.execute(
    `insert into app_pairs as p (low, high, score, is_strong, reasons, agencies, sectors, status, found_at, scored_at, decided_at,
       decided_by, note)
     select least($2, other), greatest($2, other), score, is_strong, reasons, agencies, sectors, status, found_at, scored_at,
       decided_at, decided_by, note
     from (select *, case when low = $1 then high else low end as other from app_pairs where $1 in (low, high)) as mine
     where status <> 'open' and other <> $2
     on conflict (low, high) do update set status = excluded.status, decided_at = excluded.decided_at,
       decided_by = excluded.decided_by, note = excluded.note where p.status = 'open'`,
    [ref, clientRef(linked.client_id)],
  );
}
