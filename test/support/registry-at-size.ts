/**
 * A country's registry, fictitious: 27,000 apps of 3,000 agencies in a tree, and what admins have done. For the tests and
 * the bench that look at lists at this size.
 */
import type { Database } from '#src/base/database.ts';
import { filledWithOverlap, fillOverlap } from './overlap-at-size.ts';

/** How much of everything. */
export interface RegistrySize {
  readonly apps: number;
  readonly agencies: number;
  readonly events: number;
  /** Records of apps that exist, with pairs, cases and decisions about them. */
  readonly records: number;
}

/** What the articles count. */
export const COUNTRY: RegistrySize = { apps: 27_000, agencies: 3_000, events: 5_000_000, records: 27_000 };

/** The node at the top of the tree, one in its middle, and one with nothing below it. */
export const places = { top: 'negara', middle: 'provinsi-7', leaf: 'unit-1500' } as const;

/** The tables that {@link fillRegistry} fills. */
export const filled = [
  ...['agencies', 'subject_groups', 'clients', 'client_secrets', 'client_uses', 'admin_events'],
  ...filledWithOverlap,
];

const MINISTRIES = 50;
const PROVINCES = 38;
const REGENCIES = 512;

const topics = ['Kesehatan', 'Pajak', 'Pendidikan', 'Pertanian', 'Perizinan', 'Kependudukan', 'Perhubungan', 'Sosial'];
const forms = ['Antrean', 'Pendaftaran', 'Pengaduan', 'Pembayaran', 'Kartu', 'Bantuan', 'Informasi', 'Surat', 'Data'];
const sectors = ['kesehatan', 'pendidikan', 'pertanian', 'sosial'];
const states = ['live', 'live', 'live', 'sandbox', 'sandbox', 'draft', 'review', 'retired'];

interface Node {
  readonly id: string;
  readonly name: string;
  readonly kind: string;
  readonly path: readonly string[];
}

/**
 * Fills an empty registry, in steps so small that a busy machine manages each in time. Five million events take some
 * minutes. Vacuum {@link filled} afterwards, as PostgreSQL would later by itself.
 */
export async function fillRegistry(database: Database, size: RegistrySize): Promise<void> {
  const now = new Date();
  const nodes = growTree(size.agencies);
  await database.batch(async (tx) => {
    await tx.copy(
      'copy agencies (id, name, name_en, legal_name, domain, parent_id, kind, path, created_at, updated_at) from stdin',
      nodes.map(({ id, name, kind, path }) => [
        ...[id, name, name, name, `${id}.contoh.go.id`, path.at(-2) ?? null, kind, path, now, now],
      ]),
    );
    await tx.copy(
      'copy subject_groups (id, agency_id, created_at) from stdin',
      nodes.map(({ id }) => [id, id, now]),
    );
  });
  const apps = Array.from({ length: size.apps }, (_, n) => n);
  for (let start = 0; start < apps.length; start += 2_000)
    await database.batch((tx) =>
      tx.copy(
        copyApps,
        apps.slice(start, start + 2_000).map((n) => appRow(n, nodes, now)),
      ),
    );
  await database.batch(async (tx) => {
    await tx.execute(
      `insert into client_secrets (client_id, hash, created_at, expires_at)
       select id, sha256(id::bytea), $1, $1::timestamptz + interval '90 days' from clients`,
      [now],
    );
    await tx.execute('insert into client_uses (client_id, last_sign_in_at) select id, $1 from clients', [now]);
  });
  await fillOverlap(database, size.records);
  await fillEvents(database, size, now);
}

function growTree(count: number): Node[] {
  const top: Node = { id: places.top, name: 'Negara', kind: 'state', path: [places.top] };
  const below = (parent: Node, id: string, name: string, kind: string): Node => ({
    ...{ id, name, kind },
    path: [...parent.path, id],
  });
  const many = (length: number, make: (n: number) => Node): Node[] => Array.from({ length }, (_, n) => make(n + 1));
  const ministries = many(MINISTRIES, (n) =>
    below(top, `kementerian-${n}`, `Kementerian ${topicOf(n)} ${n}`, 'ministry'),
  );
  const provinces = many(PROVINCES, (n) => below(top, `provinsi-${n}`, `Provinsi ${n}`, 'province'));
  const regencies = many(REGENCIES, (n) =>
    below(provinces[n % PROVINCES] ?? top, `kabupaten-${n}`, `Kabupaten ${n}`, 'regency'),
  );
  const known = [top, ...ministries, ...provinces, ...regencies];
  const parents = [...regencies, ...ministries];
  const units = many(Math.max(0, count - known.length), (n) =>
    below(parents[n % parents.length] ?? top, `unit-${n}`, `Dinas ${topicOf(n)} ${n}`, 'unit'),
  );
  return [...known, ...units];
}

const topicOf = (n: number): string => topics[n % topics.length] ?? '';

const copyApps = `copy clients (id, agency_id, subject_group_id, state, type, name, name_en, purpose, purpose_en, redirect_uris,
  post_logout_redirect_uris, response_types, grant_types, scopes, token_endpoint_auth_method, id_token_signed_response_alg,
  require_pkce, require_par, dpop_bound_access_tokens, rotate_refresh, consent_days, min_authentication, sectors, version,
  created_at, updated_at) from stdin`;

function appRow(n: number, nodes: readonly Node[], now: Date) {
  const agency = nodes[n % nodes.length]?.id ?? places.top;
  const name = `${forms[(n * 7) % forms.length]} ${topicOf(n)} ${n}`;
  const uri = `https://app-${n}.contoh.go.id/callback`;
  return [
    ...[`app-${n}`, agency, agency, states[n % states.length] ?? 'live', 'web', name, name, 'Melayani.', 'To serve.'],
    ...[
      [uri],
      [],
      ['code'],
      ['authorization_code'],
      ['openid'],
      'client_secret_basic',
      'ES256',
      true,
      false,
      false,
      false,
    ],
    ...[365, 'aal1', [sectors[n % sectors.length] ?? ''], 1, now, now],
  ];
}

const EVENTS_AT_ONCE = 25_000;

/** Six seconds apart, going back from now. */
async function fillEvents(database: Database, { events, agencies }: RegistrySize, now: Date): Promise<void> {
  for (let start = 0; start < events; start += EVENTS_AT_ONCE)
    await database.batch((tx) =>
      tx.execute(
        `insert into admin_events (id, at, kind, actor, subject, agency_id, details)
         select gen_random_uuid(), $3::timestamptz - n * interval '6 seconds', 'client.changed', 'actor-' || n % 9000,
           'client app-' || n % 27000, (array['negara', 'provinsi-7', 'unit-' || 1 + n % $4])[1 + n % 3], '{"fields":["purpose"]}'
         from generate_series($1::integer, $2::integer) as n`,
        [start, Math.min(start + EVENTS_AT_ONCE, events) - 1, now, Math.max(1, agencies - 601)],
      ),
    );
}
