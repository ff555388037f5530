/**
 * What a country knows of its overlapping apps, fictitious, beside the registry of `registry-at-size.ts`: records of apps that
 * are not connected, likely pairs, cases, decisions, steps of migration, and the figures of a month.
 */
import { batches } from '#src/base/batches.ts';
import type { Database } from '#src/base/database.ts';

/** The tables that {@link fillOverlap} fills. */
export const filledWithOverlap = [
  ...[
    'inventory',
    'inventory_versions',
    'inventory_matches',
    'inventory_imports',
    'app_profiles',
    'app_pairs',
    'app_families',
    'app_terms',
    'app_words',
  ],
  ...['registration_cases', 'registration_closures', 'registration_exceptions', 'registrations_not_made'],
  ...['decision_batches', 'app_decisions', 'client_migration_steps', 'client_days', 'coverage'],
];

/** A record's number with its agency, its sector and its id: what all statements below begin with. */
const numbered = `with numbered as materialized (
  select n, (array['kesehatan', 'pendidikan', 'pertanian', 'sosial'])[1 + n % 4] as sector,
    initcap((array['antrean', 'arsip', 'bantuan', 'gudang', 'jadwal', 'kartu', 'lelang', 'peta', 'surat'])[1 + n % 9] || ' ' ||
      (array['angkutan', 'hutan', 'jalan', 'nelayan', 'pasar', 'petani', 'sampah', 'sekolah', 'ternak', 'wisata', 'kesehatan'])[1 + n / 9 % 11]
      || ' ' || (array['balita', 'lansia', 'pegawai', 'pelajar', 'perantau', 'relawan', 'veteran'])[1 + n / 99 % 7] || ' ' || n / 693) as name,
    'inv' || lpad(n::text, 7, '0') as record, 'app-' || n as app, agencies.id as agency, agencies.path
  from unnest($1::integer[], $2::text[]) as given (n, agency) join agencies on agencies.id = given.agency)`;

/** An id of the shape of ours for what has one of its own. */
const uuid = `'00000000-0000-4000-8000-' || lpad(n::text, 12, '0')`;

/** What the words of the texts of these apps are, each once. */
const terms = (columns: string) => `${numbered}
   select distinct ${columns} from numbered join app_profiles on ref in ('client:' || app, 'inventory:' || record)
     cross join lateral (values ('name', name_words), ('name', name_en_words), ('description', description_words),
       ('description', description_en_words)) as texts (kind, text)
     cross join lateral unnest(string_to_array(text, ' ')) as word
   where word <> '' and $3::timestamptz is not null`;

/** In this order: the later ones name what is in the former. */
const statements: readonly string[] = [
  `insert into inventory (id, agency_id, key, name, name_en, description, description_en, host, domain, sectors, audience,
     service_code, users, yearly_cost, technology, contact, created_at, created_by, updated_at, updated_by)
   ${numbered}
   select record, agency, 'SIS-' || n, name, 'System ' || n, 'Melayani warga di bidang ' || sector,
     'Serves citizens', 'sistem-' || n || '.' || agency || '.go.id', agency || '.go.id', array[sector], array['citizens'],
     'LY.' || n % 900, n * 7, n * 100000::bigint, 'PHP', 'aplikasi@' || agency || '.contoh.go.id', $3, 'command', $3, 'command' from numbered`,
  `insert into inventory_versions (inventory_id, number, content, changed, via, actor, at)
   ${numbered}
   select record, 1, '{}', array['name'], 'file', 'command', $3 from numbered`,
  `insert into inventory_matches (inventory_id, client_id, score, reasons, status, found_at)
   ${numbered}
   select record, clients.id, 0.5 + n % 50 / 100.0, array['host'], 'proposed', $3 from numbered join clients on clients.id = app where n % 3 = 0`,
  `insert into app_profiles (ref, client_id, agency_id, agencies, name, name_en, name_words, name_en_words, description_words,
     description_en_words, host, domain, sectors, audience, claims, state, digest, changed_at)
   ${numbered}
   select 'client:' || clients.id, clients.id, agency_id, theirs.path, clients.name, clients.name_en, lower(clients.name),
     lower(clients.name_en), 'melayani', 'serve', clients.id || '.' || agency_id || '.go.id', agency_id || '.go.id', clients.sectors,
     array['citizens'], array['name'], state, sha256(clients.id::bytea), $3
   from numbered join clients on clients.id = app join agencies as theirs on theirs.id = agency_id`,
  `insert into app_profiles (ref, inventory_id, agency_id, agencies, name, name_en, name_words, name_en_words, description_words,
     description_en_words, host, domain, service_code, sectors, audience, claims, state, digest, changed_at)
   ${numbered}
   select 'inventory:' || record, record, agency, path, name, 'System ' || n, lower(name),
     'system ' || n, 'warga bidang ' || sector, 'citizens', 'sistem-' || n || '.' || agency || '.go.id', agency || '.go.id',
     'LY.' || n % 900, array[sector], array['citizens'], '{}', 'unconnected', sha256(record::bytea), $3 from numbered`,
  `insert into app_terms (kind, word, text, words)
   ${terms("kind, word, md5(text)::uuid, cardinality(string_to_array(text, ' '))")} on conflict (kind, word, text) do nothing`,
  `insert into app_words (word) ${terms('word')} on conflict (word) do nothing`,
  `insert into app_pairs (low, high, score, is_strong, reasons, agencies, sectors, status, found_at, scored_at, decided_at, decided_by)
   ${numbered}
   select 'client:' || app, 'inventory:' || record, 0.4 + n % 60 / 100.0, n % 60 > 35, '[{"code":"name","value":80}]', numbered.path || theirs.path, array[sector],
     case n % 7 when 0 then 'dismissed' when 1 then 'settled' else 'open' end, $3, $3,
     case when n % 7 < 2 then $3::timestamptz end, case when n % 7 < 2 then 'command' end
   from numbered join clients on clients.id = app join agencies as theirs on theirs.id = agency_id`,
  `insert into app_families (words, name, apps, agencies, sectors, counted_at)
   ${numbered}
   select 'keluarga ' || n, 'Keluarga ' || n, 9 + n % 200, path, array[sector], $3 from numbered where n % 20 = 0`,
  `insert into registration_cases (id, agency_id, agencies, sectors, client_id, name, name_en, grounds, duplicates, justification,
     status, via, actor, created_at, due_at, decided_at, decided_by)
   ${numbered}
   select gen_random_uuid(), agency, path, array[sector], clients.id, clients.name, clients.name_en, array['duplicate'],
     jsonb_build_array(jsonb_build_object('ref', 'inventory:' || record, 'score', 0.8)),
     'Melayani daerah lain.', case when n % 10 = 0 then 'open' when n % 3 = 0 then 'refused' else 'allowed' end, 'page', 'command',
     $3::timestamptz - n * interval '1 minute', $3::timestamptz + interval '14 days', case when n % 10 > 0 then $3::timestamptz end,
     case when n % 10 > 0 then 'command' end
   from numbered join clients on clients.id = app where n % 5 = 0`,
  `insert into registration_closures (id, agency_id, reason, closed_by, closed_at)
   ${numbered}
   select ${uuid}, agency, 'Menunggu penataan.', 'command', $3 from numbered where n between 100 and 120`,
  `insert into registration_exceptions (id, closure_id, agency_id, apps, reason, given_by, given_at, expires_at)
   ${numbered}
   select ${uuid}, ${uuid}, agency, 3, 'Perintah undang-undang.', 'command', $3, $3::timestamptz + interval '90 days'
   from numbered where n between 100 and 120`,
  `insert into registrations_not_made (id, agency_id, agencies, sectors, why, name, actor, at)
   ${numbered}
   select gen_random_uuid(), agency, path, array[sector], 'chose-existing', 'Sistem ' || n, 'command', $3::timestamptz - n * interval '1 hour'
   from numbered where n % 5 = 1`,
  `insert into decision_batches (id, status, decision, lines, via, actor, created_at, applied_at)
   ${numbered}
   select ${uuid}, 'applied', '{}', '[]', 'page', 'command', $3, $3 from numbered where n < 200`,
  `insert into app_decisions (id, ref, agency_id, agencies, sectors, kind, successor, effective_on, reason, via, decided_by, decided_at, announced_at)
   ${numbered}
   select ${uuid}, 'inventory:' || record, agency, path, array[sector], (array['keep', 'merge', 'retire', 'legacy'])[1 + n % 4],
     case n % 4 when 1 then 'client:' || app end, $3::date + 1 + n % 400, 'Satu layanan cukup.', 'page', 'command',
     $3::timestamptz - n * interval '1 minute', $3 from numbered where n % 2 = 0 or n % 4 = 1`,
  `insert into client_migration_steps (client_id, number, stage, percentage, via, actor, at)
   ${numbered}
   select clients.id, step, 'optional', 20 * step, 'page', 'command', $3
   from numbered join clients on clients.id = app, generate_series(1, 2) as step`,
  `insert into client_days (client_id, day, slot, sign_ins)
   ${numbered}
   select clients.id, $3::date - day, 0, 7 from numbered join clients on clients.id = app, generate_series(0, 1) as day`,
  `insert into coverage (kind, id, day, known, connected, live, retired, pairs_found, pairs_settled, not_built, sign_ins, people)
   ${numbered}
   select 'agency', agency, $3::date - n / 3000, 100, 50, 30, 5, 20, 4, 2, 1000 - n % 30, 500 from numbered
   union all select kind, id, $3::date - n, 27000, 9000, 8000, 50, 20000, 4000, 200, 1000000 - n, 500000
   from numbered, (select 'sector' as kind, unnest(array['kesehatan', 'pendidikan', 'pertanian', 'sosial']) as id
     union all select 'all', 'all') as groups where n < 30`,
];

/** How many records one statement adds, so that a busy machine manages it in time. */
const AT_ONCE = 1_000;

/** Fills these tables to so many records, after `fillRegistry`. */
export async function fillOverlap(database: Database, records: number): Promise<void> {
  const now = new Date();
  const agencies = await database.query<{ id: string }>('select id from agencies order by id');
  const agencyOf = (n: number) => agencies[n % agencies.length]?.id;
  for (const statement of statements)
    for (const numbers of batches(records, AT_ONCE)) {
      const all = numbers.map((number) => number - 1);
      await database.batch((tx) => tx.execute(statement, [all, all.map(agencyOf), now]));
    }
}
