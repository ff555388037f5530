/**
 * The apps that may be the same as some others, found by the database from its indexes: texts by their rarest words and by words
 * that are nearly those (trigrams), and what is the same word for word (host, domain, service code); with what each has in common,
 * to be weighed. Texts are compared by trigrams in the end.
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

/** So many texts like one are looked at. */
const MOST_FOUND = 25;

/** The apps that may be the same as each of these. In a transaction, which is planned for searching from then on. */
export async function findCandidates(db: Db, apps: readonly Compared[]): Promise<Candidate[]> {
  if (apps.length === 0) return [];
  await planForSearch(db);
  if (db.isUnit) await db.execute('set local pg_trgm.similarity_threshold = 0.5');
  const given = apps.map((app, position) => ({ position, ref: app.ref, ...columnsOf(app) }));
  const rows = await db.query<CandidateRow>(selectCandidates, [JSON.stringify(given), MOST_FOUND]);
  return rows.map(toCandidate);
}

/** How alike two texts are; short ones only when they are the same. */
const alike = (one: string, other: string) => `case when ${one} = '' or ${other} = '' then 0
  when least(length(${one}), length(${other})) < ${SHORTEST} then (${one} = ${other})::integer::real
  else similarity(${one}, ${other}) end`;

/** How many apps have a value, counted up to one more than matters; the compared one among them. */
const countOf = (column: string, most: number, further = '') => `(select count(*) from (
  select from app_profiles o where o.${column} = d.${column} and o.ref is distinct from d.ref ${further} limit ${most}) as n)::integer + 1`;

const isFamily = (words: string) =>
  `exists (select from app_profiles o where o.name_words = ${words} and ${words} <> '' and o.state <> 'retired' offset ${MOST_OF_A_NAME} limit 1)`;

/** Those that have the same in a column, where few do. */
const same = (column: string, count: string, most: number) => `
  select d.position, p.ref from draft d cross join lateral (
    select p.ref from app_profiles p where p.${column} = d.${column} and p.ref is distinct from d.ref and p.state <> 'retired'
    order by p.ref limit ${most}) as p
  where d.${column} is not null and d.${count} <= ${most}`;

/** The apps that bear a text; where they are many, the first of them. */
const bearers = (kind: string, column: string) => `
  select h.position, p.ref from hits h cross join lateral (
    select o.ref, row_number() over (order by o.agency_id, o.ref) as nth, count(*) over () as apps from (
      select b.ref, b.agency_id from app_profiles b where md5(b.${column})::uuid = h.text and b.${column} <> '' and b.state <> 'retired'
      order by b.agency_id, b.ref limit ${MOST_OF_A_NAME + 1}) as o) as p
  where h.kind = '${kind}' and (p.apps <= ${MOST_OF_A_NAME} or p.nth = 1)`;

const wordsOf = (...columns: string[]) =>
  `unnest(string_to_array(concat_ws(' ', ${columns.map((column) => `d.${column}`).join(', ')}), ' '))`;

/** Words that more texts have than this tell nothing. */
const COMMON = { name: 2_000, description: 800 } as const;
/** By so many of its words a text is looked for. */
const MOST_WORDS = 6;
/** And by so many that are nearly one of them, the commonest first: the right spelling of a slip of the pen is that of many. */
const MOST_NEAR = 6;

const selectCandidates = `
  with given as materialized (
    select * from jsonb_to_recordset($1::jsonb) as d (position integer, ref text, agency_id text, agencies text[], name_words text,
      name_en_words text, description_words text, description_en_words text, host text, domain text, service_code text,
      audience text[], claims text[])),
  draft as materialized (
    select d.*, ${isFamily('d.name_words')} as is_family,
      d.ref is null or not ${isFamily('d.name_words')} or not exists (select from app_profiles o where o.name_words = d.name_words
        and o.state <> 'retired' and (o.agency_id, o.ref) < (d.agency_id, d.ref)) as stands,
      ${countOf('host', MOST_OF_A_HOST)} as host_apps, ${countOf('domain', MOST_OF_A_HOST)} as domain_apps,
      ${countOf('service_code', MOST_OF_A_CODE)} as code_apps,
      (select count(*) from (select from app_profiles o where md5(o.description_words)::uuid = md5(d.description_words)::uuid
        and d.description_words <> '' and o.state <> 'retired' and o.ref is distinct from d.ref limit ${MOST_OF_A_NAME}) as n)::integer + 1
        as description_apps
    from given d),
  asked as materialized (
    select d.position, 'name' as kind, w.word, false as is_near from draft d cross join lateral ${wordsOf('name_words', 'name_en_words')} as w (word)
    where d.stands
    union select d.position, 'name', near.word, true from draft d
      cross join lateral ${wordsOf('name_words', 'name_en_words')} as w (word)
      cross join lateral (select v.word from app_words v where v.word % w.word and v.word <> w.word
        order by similarity(v.word, w.word) desc, v.word limit ${MOST_NEAR}) as near
    where d.stands and length(w.word) >= 5
    union select d.position, 'description', w.word, false from draft d
      cross join lateral ${wordsOf('description_words', 'description_en_words')} as w (word)
    where d.stands and d.description_apps <= ${MOST_OF_A_NAME}),
  known as materialized (
    select w.kind, w.word, n.texts from (select distinct a.kind, a.word from asked a where a.word <> '') as w
      cross join lateral (select count(*) as texts from (
        select from app_terms t where t.kind = w.kind and t.word = w.word limit ${COMMON.name} + 1) as few) as n
    where n.texts > 0 and n.texts <= case w.kind when 'name' then ${COMMON.name} else ${COMMON.description} end),
  rarest as materialized (
    select * from (
      select a.position, k.kind, k.word, ln(100000.0 / k.texts)::real as weight,
        row_number() over (partition by a.position, a.kind, a.is_near
          order by case when a.is_near then -k.texts else k.texts end, k.word) as nth
      from asked a join known k on k.kind = a.kind and k.word = a.word) as ranked
    where nth <= ${MOST_WORDS}),
  shared as materialized (
    select r.position + 0 as position, t.kind, t.text, sum(r.weight) as weight, min(t.words) as words
    from rarest r join app_terms t on t.kind = r.kind and t.word = r.word
    group by r.position + 0, t.kind, t.text),
  hits as materialized (
    select * from (
      select s.*, row_number() over (partition by s.position, s.kind order by s.weight desc, s.words, s.text) as nth from shared s) as ranked
    where nth <= $2),
  found as (
    ${[
      bearers('name', 'name_words'),
      bearers('name', 'name_en_words'),
      bearers('description', 'description_words'),
      bearers('description', 'description_en_words'),
      same('host', 'host_apps', MOST_OF_A_HOST),
      same('domain', 'domain_apps', MOST_OF_A_HOST),
      same('service_code', 'code_apps', MOST_OF_A_CODE),
    ].join(' union ')}
    union select d.position, p.ref from draft d cross join lateral (
      select p.ref from app_profiles p where p.name_words = d.name_words and p.ref is distinct from d.ref and p.state <> 'retired'
      order by p.agency_id, p.ref limit ${MOST_OF_A_NAME}) as p
    where d.name_words <> '' and d.stands and not d.is_family
    union select d.position, p.ref from draft d cross join lateral (
      select p.ref from app_profiles p where p.name_words = d.name_words and p.ref is distinct from d.ref and p.state <> 'retired'
        and (p.agency_id = any(d.agencies) or d.agency_id = any(p.agencies))
      order by p.agency_id, p.ref limit $2) as p
    where d.is_family
    union select d.position, p.ref from draft d cross join lateral (
      select p.ref from app_profiles p where p.name_words = d.name_words and p.state <> 'retired' order by p.agency_id, p.ref limit 1) as p
    where d.is_family and d.ref is null
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
      and o.state <> 'retired' limit ${MOST_OF_A_NAME + 1}) as n)::integer as of_name,
    (select a.status from app_pairs a where a.low = least(p.ref, d.ref) and a.high = greatest(p.ref, d.ref) and d.ref is not null)
      as pair_status
  from found f join draft d on d.position = f.position join app_profiles p on p.ref = f.ref
  where p.ref is distinct from d.ref`;

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
