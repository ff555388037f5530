/** `lawang agencies`: the tree of organisations and the policy areas, and the files that declare them. */
import { readConfig } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import { listMembers } from '#src/people/memberships.ts';
import { type Agency, listTree, loadAgency } from '#src/registry/agencies.ts';
import { listInvitations } from '#src/registry/invitations.ts';
import { applyOrganisation, organisationOf, printOrganisation, readOrganisation } from '#src/registry/organisation.ts';
import { formatMistake } from '#src/registry/registration-source.ts';
import { RegistrationError } from '#src/registry/registrations.ts';
import { listSectors } from '#src/registry/sectors.ts';
import { findOrphans } from '#src/web/team.ts';
import type { Call, Command } from './command.ts';
import { withDatabase } from './open.ts';
import { toTable } from './text.ts';

const files = { usage: 'FILE…', operands: { min: 1, max: 10_000 } } as const;
const below = { below: { type: 'string' } } as const;

export const validateAgencies: Command = {
  ...files,
  summary: 'check files of the organisation without touching the registry',
  run: async ({ operands }) => {
    const { organisation, mistakes } = await readOrganisation(operands);
    const messages = mistakes.map(formatMistake);
    const counts = { agencies: organisation.agencies.length, sectors: organisation.sectors.length };
    const data = { ok: messages.length === 0, ...counts, mistakes: messages };
    if (messages.length > 0) return { data, text: '', problems: messages };
    return { data, text: `${counts.agencies} agencies and ${counts.sectors} sectors: nothing wrong.` };
  },
};

export const applyAgencies: Command = {
  ...files,
  summary: 'make the tree and the sectors what the files say; what they do not name stays',
  run: async ({ operands, environment }) => {
    const { organisation, mistakes } = await readOrganisation(operands);
    if (mistakes.length > 0) throw new RegistrationError(mistakes);
    const applied = await withDatabase(readConfig(environment), (database) =>
      applyOrganisation(database, organisation, 'command'),
    );
    return { data: applied, text: toTable(applied.map(({ what, id, outcome }) => [what, id, outcome])) };
  },
};

export const showAgencies: Command = {
  usage: '[--below ID] [--orphans]',
  summary: 'list the agencies, all or one with those below it; --orphans: only those without an active owner',
  options: { ...below, orphans: { type: 'boolean' } },
  run: async ({ options, environment }) => {
    const data = await withDatabase(readConfig(environment), async (database) => {
      const all = await listAll(database, options);
      const orphans = new Set((await findOrphans(database, all)).map(({ id }) => id));
      const shown = options.orphans === true ? all.filter(({ id }) => orphans.has(id)) : all;
      return shown.map(({ id, kind, name, path, emailDomain, sectors }) => ({
        ...{ id, kind, name, path, sectors },
        email_domain: emailDomain,
        orphan: orphans.has(id),
      }));
    });
    const rows = data.map(({ id, kind, name, path, orphan }) => [
      `${'  '.repeat(path.length - 1)}${id}`,
      kind,
      name,
      orphan ? 'without an owner' : '',
    ]);
    return { data, text: toTable([['AGENCY', 'KIND', 'NAME', ''], ...rows]) };
  },
};

export const showAgency: Command = {
  usage: 'ID',
  summary: 'show one agency: where it stands, and how many work for it in which role',
  operands: { min: 1, max: 1 },
  run: async ({ operands: [id = ''], environment }) => {
    const data = await withDatabase(readConfig(environment), async (database) => describe(database, id));
    const rows = Object.entries(data).map(([name, value]) => [name, toCell(value)]);
    return { data, text: toTable(rows) };
  },
};

export const exportAgencies: Command = {
  usage: '[--below ID]',
  summary: 'print the tree and the sectors as a file that "agencies apply" takes',
  options: below,
  run: async ({ options, environment }) => {
    const data = await withDatabase(readConfig(environment), async (database) =>
      organisationOf(await listAll(database, options), await listSectors(database)),
    );
    return { data, text: printOrganisation(data) };
  },
};

/** In the order of the tree: each behind the one above it. */
async function listAll(db: Db, { below: node }: Call['options']): Promise<Agency[]> {
  const nodes = typeof node === 'string' ? [(await loadAgency(db, node)).id] : undefined;
  const all: Agency[] = [];
  for (;;) {
    const page = await listTree(db, nodes, { after: all.at(-1)?.id ?? '', limit: 500 });
    if (page.length === 0) break;
    all.push(...page);
  }
  const key = ({ path }: Agency) => path.join('\n');
  return all.sort((one, other) => (key(one) < key(other) ? -1 : 1));
}

async function describe(db: Db, id: string) {
  const { path, ...agency } = await loadAgency(db, id);
  const members = await listMembers(db, [id], new Date());
  const team: Record<string, number> = {};
  for (const { role, suspendedAt } of members) {
    const kept = suspendedAt ? `${role} (suspended)` : role;
    team[kept] = (team[kept] ?? 0) + 1;
  }
  return {
    id: agency.id,
    name: agency.name,
    name_en: agency.nameEn,
    legal_name: agency.legalName,
    kind: agency.kind,
    domain: agency.domain,
    email_domain: agency.emailDomain,
    sectors: agency.sectors,
    path,
    team,
    invitations: (await listInvitations(db, id)).length,
    orphan: (await findOrphans(db, [agency])).length > 0,
  };
}

function toCell(value: unknown): string {
  if (value === null) return '–';
  if (Array.isArray(value)) return value.join(' / ') || '–';
  if (typeof value !== 'object') return String(value);
  const entries = Object.entries(value);
  return entries.map(([name, count]) => `${name}: ${count}`).join(', ') || 'nobody';
}
