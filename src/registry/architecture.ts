/**
 * Every known app as the national architecture describes one: by business process, data, service, application, infrastructure and
 * security (`docs/national-architecture.md`). A record of what exists that is linked to a client is one app with it and adds what
 * only it knows. No contact and nothing of a person is in it.
 */
import type { Db } from '#src/base/database.ts';
import type { Reach } from './coordination.ts';
import { planForSearch } from './search.ts';

/** An app by the six domains; what is not known is null. */
export interface ArchitectureEntry {
  /** `client:ID` or `inventory:ID`. */
  readonly ref: string;
  readonly name: string;
  readonly nameEn: string;
  readonly state: string;
  /** Whose process it carries, and in which policy areas. */
  readonly process: { readonly agency: string; readonly agencyName: string; readonly sectors: readonly string[] };
  readonly data: { readonly claims: readonly string[]; readonly purpose: string | null };
  readonly service: {
    readonly code: string | null;
    readonly audience: readonly string[];
    readonly description: string | null;
    readonly home: string | null;
  };
  readonly application: {
    readonly technology: string | null;
    readonly users: number | null;
    /** Rupiah. */
    readonly yearlyCost: number | null;
    readonly migrationStage: string | null;
    readonly decision: string | null;
    readonly effectiveOn: string | null;
    readonly successor: string | null;
    /** How many others are likely the same and not decided about. */
    readonly openPairs: number;
  };
  readonly infrastructure: { readonly host: string | null; readonly domain: string | null };
  /** Of apps of the registry alone. */
  readonly security: {
    readonly risk: string | null;
    readonly clientAuthentication: string | null;
    readonly pkce: boolean | null;
    readonly profile: string | null;
    readonly leastAuthentication: string | null;
    readonly leastIdentity: string | null;
  };
}

interface EntryRow {
  ref: string;
  name: string;
  name_en: string;
  state: string;
  agency: string;
  agency_name: string;
  sectors: string[];
  claims: string[];
  purpose: string | null;
  code: string | null;
  audience: string[];
  description: string | null;
  home: string | null;
  technology: string | null;
  users: string | null;
  yearly_cost: string | null;
  migration_stage: string | null;
  decision: string | null;
  effective_on: string | null;
  successor: string | null;
  open_pairs: number;
  host: string | null;
  domain: string | null;
  risk: string | null;
  client_authentication: string | null;
  pkce: boolean | null;
  profile: string | null;
  least_authentication: string | null;
  least_identity: string | null;
}

/** Apps at and below some agencies, and of some sectors, by their names; inside a transaction. */
export async function listArchitecture(
  tx: Db,
  { nodes, sectors }: Reach,
  { after = '', limit }: { readonly after?: string | undefined; readonly limit: number },
): Promise<ArchitectureEntry[]> {
  await planForSearch(tx);
  const rows = await tx.query<EntryRow>(
    `with p as (
       select ref, client_id, inventory_id, agency_id, name, name_en, state, sectors, claims, audience, service_code, host, domain
       from app_profiles where (agencies && $1::text[] or sectors && $2::text[]) and ref > $3 order by ref limit $4
     )
     select p.ref, p.name, p.name_en, p.state, p.agency_id as agency, a.name as agency_name, p.sectors, p.claims, p.audience,
       p.service_code as code, p.host, p.domain, c.purpose, coalesce(c.description, i.description) as description,
       c.home_uri as home, i.technology, i.users, i.yearly_cost, c.migration_stage, d.kind as decision,
       d.effective_on::text as effective_on, d.successor, c.risk, c.token_endpoint_auth_method as client_authentication,
       c.require_pkce as pkce, c.security_profile as profile, c.min_authentication as least_authentication,
       c.min_identity as least_identity,
       (select count(*)::integer from app_pairs where low = p.ref and status = 'open')
         + (select count(*)::integer from app_pairs where high = p.ref and status = 'open') as open_pairs
     from p join agencies a on a.id = p.agency_id
       left join clients c on c.id = p.client_id
       left join inventory i on i.removed_at is null and (i.id = p.inventory_id or i.client_id = p.client_id)
       left join app_decisions d on d.ref = p.ref and d.replaced_at is null and d.undone_at is null
     order by p.ref`,
    [nodes, sectors, after, limit],
  );
  return rows.map(toEntry);
}

function toEntry(row: EntryRow): ArchitectureEntry {
  return {
    ...{ ref: row.ref, name: row.name, nameEn: row.name_en, state: row.state },
    process: { agency: row.agency, agencyName: row.agency_name, sectors: row.sectors },
    data: { claims: row.claims, purpose: row.purpose },
    service: { code: row.code, audience: row.audience, description: row.description, home: row.home },
    application: {
      ...{ technology: row.technology, users: toNumber(row.users), yearlyCost: toNumber(row.yearly_cost) },
      ...{ migrationStage: row.migration_stage, decision: row.decision, effectiveOn: row.effective_on },
      ...{ successor: row.successor, openPairs: row.open_pairs },
    },
    infrastructure: { host: row.host, domain: row.domain },
    security: {
      ...{ risk: row.risk, clientAuthentication: row.client_authentication, pkce: row.pkce, profile: row.profile },
      ...{ leastAuthentication: row.least_authentication, leastIdentity: row.least_identity },
    },
  };
}

const toNumber = (text: string | null): number | null => (text === null ? null : Number(text));

/** The columns of the csv; the first word of each is its domain. Columns are only ever added. */
export const architectureColumns = {
  ref: ({ ref }) => ref,
  name: ({ name }) => name,
  name_en: ({ nameEn }) => nameEn,
  state: ({ state }) => state,
  process_agency: ({ process }) => process.agency,
  process_agency_name: ({ process }) => process.agencyName,
  process_sectors: ({ process }) => process.sectors.join(' '),
  data_claims: ({ data }) => data.claims.join(' '),
  data_purpose: ({ data }) => data.purpose,
  service_code: ({ service }) => service.code,
  service_audience: ({ service }) => service.audience.join(' '),
  service_description: ({ service }) => service.description,
  service_home: ({ service }) => service.home,
  application_technology: ({ application }) => application.technology,
  application_users: ({ application }) => application.users,
  application_yearly_cost: ({ application }) => application.yearlyCost,
  application_migration_stage: ({ application }) => application.migrationStage,
  application_decision: ({ application }) => application.decision,
  application_effective_on: ({ application }) => application.effectiveOn,
  application_successor: ({ application }) => application.successor,
  application_open_pairs: ({ application }) => application.openPairs,
  infrastructure_host: ({ infrastructure }) => infrastructure.host,
  infrastructure_domain: ({ infrastructure }) => infrastructure.domain,
  security_risk: ({ security }) => security.risk,
  security_client_authentication: ({ security }) => security.clientAuthentication,
  security_pkce: ({ security }) => security.pkce,
  security_profile: ({ security }) => security.profile,
  security_least_authentication: ({ security }) => security.leastAuthentication,
  security_least_identity: ({ security }) => security.leastIdentity,
} as const satisfies Record<string, (entry: ArchitectureEntry) => string | number | boolean | null>;

/** An app for programs: the columns, those of a domain under its name. */
export function architectureDocument(entry: ArchitectureEntry): Record<string, unknown> {
  const cells = Object.entries(architectureColumns).map(([column, of]) => {
    const value = of(entry);
    return [column, listed.has(column) ? String(value).split(' ').filter(Boolean) : value] as const;
  });
  const ofDomain = (domain: string) =>
    Object.fromEntries(
      cells
        .filter(([column]) => column.startsWith(`${domain}_`))
        .map(([column, value]) => [column.slice(domain.length + 1), value]),
    );
  const whole = cells.filter(([column]) => !domains.some((domain) => column.startsWith(`${domain}_`)));
  return Object.fromEntries([...whole, ...domains.map((domain) => [domain, ofDomain(domain)] as const)]);
}

/** Of the national architecture, in its order. */
const domains = ['process', 'data', 'service', 'application', 'infrastructure', 'security'] as const;

const listed: ReadonlySet<string> = new Set(['process_sectors', 'data_claims', 'service_audience']);
