/**
 * The apps that may be the same as some others, found by the database from its indexes: names and descriptions by trigrams, and
 * what is the same word for word (host, domain, service code); with what each has in common, to be weighed.
 *
 * How many are found of each app is bounded. Where more than a few apps bear one name they are a family: its first stands for all
 * of them, and the others meet only what they share besides the name, or what belongs to the same agency or one above. A
 * description that more than a few apps share word for word says nothing either.
 */
import type { Db } from '#src/base/database.ts';
import type { AppRef } from './app-refs.ts';
import { MOST_OF_A_CODE, MOST_OF_A_HOST, MOST_OF_A_NAME, SHORTEST, type Shared, type Signals } from './likeness.ts';
import { type AppState, columnsOf, type Likenesses } from './profiles.ts';
import { planForSearch } from './search.ts';

/** What to find candidates for; a draft has no name of its own yet. */
export interface Compared extends Likenesses {
  readonly ref: AppRef | undefined;
}

/** An app that may be the same as a compared one. */
export interface Candidate {
  /** Of the compared app in its list. */
  readonly position: number;
  readonly ref: AppRef;
  readonly state: AppState;
  readonly signals: Signals;
  /** How many apps bear its name, up to one more than make no family yet. */
  readonly ofThatName: number;
  /** Whether the two are a pair already, and somebody has decided about it. */
  readonly isPair: boolean;
  readonly isDecided: boolean;
}

interface CandidateRow {
  position: number;
  ref: AppRef;
  state: AppState;
  name: number;
  name_en: number;
  name_length: number;
  description: number;
  description_en: number;
  host: string | null;
  host_apps: number;
  domain: string | null;
  domain_apps: number;
  service_code: string | null;
  code_apps: number;
  claims: number;
  is_same_agency: boolean;
  is_only_family: boolean;
  of_name: number;
  pair_status: string | null;
}

/** Of each way of finding. */
const MOST_FOUND = 15;

/** The apps that may be the same as each of these. In a transaction, which is planned for searching from then on. */
export async function findCandidates(db: Db, apps: readonly Compared[]): Promise<Candidate[]> {
  if (apps.length === 0) return [];
  await planForSearch(db);
  if (db.isUnit) await db.execute('set local pg_trgm.similarity_threshold = 0.4');
  const given = apps.map((app, position) => ({ position, ref: app.ref, ...columnsOf(app) }));
  const rows = await db.query<CandidateRow>(selectCandidates, [JSON.stringify(given), MOST_FOUND]);
  return rows.map(toCandidate);
}

/** How alike two texts are; short ones only when they are the same. */
const alike = (one: string, other: string) => `case when ${one} = '' or ${other} = '' then 0
  when least(length(${one}), length(${other})) < ${SHORTEST} then (${one} = ${other})::integer::real
  else similarity(${one}, ${other}) end`;

/** How many apps have a value, counted up to one more than matters; the compared one among them. */
const countOf = (column: string, most: number) => `(select count(*) from (
  select from app_profiles o where o.${column} = d.${column} and o.ref is distinct from d.ref limit ${most}) as n)::integer + 1`;

const isFamily = (words: string) =>
  `exists (select from app_profiles o where o.name_words = ${words} and ${words} <> '' offset ${MOST_OF_A_NAME} limit 1)`;

const isFirst = (of: string) => `not exists (
  select from app_profiles o where o.name_words = ${of}.name_words and (o.agency_id, o.ref) < (${of}.agency_id, ${of}.ref))`;

/** Those whose column is like a column of the compared app, the likest first. */
const likest = (column: string, given: string) => `
  select d.position, p.ref from draft d cross join lateral (
    select p.ref from app_profiles p where p.${column} % d.${given} and p.ref is distinct from d.ref and p.state <> 'retired'
      and (p.name_words = '' or not ${isFamily('p.name_words')} or ${isFirst('p')})
    order by similarity(p.${column}, d.${given}) desc, p.ref limit $2) as p
  where d.${given} <> '' and d.stands`;

/** Those that have the same in a column, where few do. */
const same = (column: string, count: string, most: number) => `
  select d.position, p.ref from draft d cross join lateral (
    select p.ref from app_profiles p where p.${column} = d.${column} and p.ref is distinct from d.ref and p.state <> 'retired'
    order by p.ref limit ${most}) as p
  where d.${column} is not null and d.${count} <= ${most}`;

const selectCandidates = `
  with given as materialized (
    select * from jsonb_to_recordset($1::jsonb) as d (position integer, ref text, agency_id text, agencies text[], name_words text,
      name_en_words text, description_words text, description_en_words text, host text, domain text, service_code text,
      audience text[], claims text[])),
  draft as materialized (
    select d.*, ${isFamily('d.name_words')} as is_family,
      d.ref is null or not ${isFamily('d.name_words')} or ${isFirst('d')} as stands,
      ${countOf('host', MOST_OF_A_HOST)} as host_apps, ${countOf('domain', MOST_OF_A_HOST)} as domain_apps,
      ${countOf('service_code', MOST_OF_A_CODE)} as code_apps, ${countOf('description_words', MOST_OF_A_NAME)} as description_apps
    from given d),
  found as (
    ${[
      likest('name_words', 'name_words'),
      likest('name_en_words', 'name_en_words'),
      likest('name_words', 'name_en_words'),
      likest('name_en_words', 'name_words'),
      `${likest('description_words', 'description_words')} and d.description_apps <= ${MOST_OF_A_NAME}`,
      `${likest('description_en_words', 'description_en_words')} and d.description_apps <= ${MOST_OF_A_NAME}`,
      same('host', 'host_apps', MOST_OF_A_HOST),
      same('domain', 'domain_apps', MOST_OF_A_HOST),
      same('service_code', 'code_apps', MOST_OF_A_CODE),
    ].join(' union ')}
    union select d.position, p.ref from draft d cross join lateral (
      select p.ref from app_profiles p where p.name_words = d.name_words and p.ref is distinct from d.ref and p.state <> 'retired'
        and (p.agency_id = any(d.agencies) or d.agency_id = any(p.agencies))
      order by p.agency_id, p.ref limit $2) as p
    where d.is_family
    union select d.position, case when a.low = d.ref then a.high else a.low end from draft d join app_pairs a on a.low = d.ref or a.high = d.ref)
  select f.position, p.ref, p.state,
    ${alike('p.name_words', 'd.name_words')} as name,
    greatest(${alike('p.name_en_words', 'd.name_en_words')}, ${alike('p.name_words', 'd.name_en_words')},
      ${alike('p.name_en_words', 'd.name_words')}) as name_en,
    least(length(p.name_words), length(d.name_words)) as name_length,
    case when d.description_apps > ${MOST_OF_A_NAME} then 0 else ${alike('p.description_words', 'd.description_words')} end as description,
    case when d.description_apps > ${MOST_OF_A_NAME} then 0 else ${alike('p.description_en_words', 'd.description_en_words')} end
      as description_en,
    case when p.host = d.host then d.host end as host, d.host_apps,
    case when p.domain = d.domain then d.domain end as domain, d.domain_apps,
    case when p.service_code = d.service_code then d.service_code end as service_code, d.code_apps,
    case when p.claims = d.claims and p.audience = d.audience then cardinality(d.claims) else 0 end as claims,
    p.agency_id = d.agency_id as is_same_agency,
    d.is_family and p.name_words = d.name_words and not (p.agency_id = any(d.agencies) or d.agency_id = any(p.agencies))
      and d.ref is not null as is_only_family,
    (select count(*) from (select from app_profiles o where o.name_words = p.name_words and p.name_words <> ''
      limit ${MOST_OF_A_NAME + 1}) as n)::integer as of_name,
    (select a.status from app_pairs a where a.low = least(p.ref, d.ref) and a.high = greatest(p.ref, d.ref) and d.ref is not null)
      as pair_status
  from found f join draft d on d.position = f.position join app_profiles p on p.ref = f.ref`;

function toCandidate(row: CandidateRow): Candidate {
  const shared = (what: string | null, apps: number): Shared | undefined =>
    what === null ? undefined : { what, apps };
  return {
    ...{ position: row.position, ref: row.ref, state: row.state },
    signals: {
      ...{ name: row.name, nameEn: row.name_en, nameLength: row.name_length },
      ...{ description: row.description, descriptionEn: row.description_en },
      host: shared(row.host, row.host_apps),
      domain: shared(row.domain, row.domain_apps),
      serviceCode: shared(row.service_code, row.code_apps),
      claims: row.claims,
      isSameAgency: row.is_same_agency,
      isOnlyFamily: row.is_only_family,
    },
    ofThatName: row.of_name,
    isPair: row.pair_status !== null,
    isDecided: row.pair_status !== null && row.pair_status !== 'open',
  };
}
