/** Agencies, who works there, and the policy areas. */
import type { z } from 'zod';
import { listMembers, type Membership } from '#src/people/memberships.ts';
import { type Agency, listTree } from '#src/registry/agencies.ts';
import { nodesWith } from '#src/registry/authority.ts';
import { listSectors, type Sector } from '#src/registry/sectors.ts';
import { loadAgencyOf } from './authority.ts';
import { pageOf, readCursor } from './pages.ts';
import { type ApiRoute, listRoute, route } from './route.ts';
import { agencySchema, memberSchema, sectorSchema } from './schemas/agencies.ts';
import { said, saidIfAny } from './schemas/pieces.ts';

export const agencyRoutes: readonly ApiRoute[] = [
  listRoute({
    path: '/agencies',
    id: 'listAgencies',
    summary: 'The agency of the caller and all below it, by id',
    scope: 'team.read',
    item: agencySchema,
    async page({ db, held }, after, limit) {
      const [id] = readCursor(after, 1) ?? [];
      const place = id === undefined ? { limit } : { after: id, limit };
      const agencies = await listTree(db, nodesWith(held, 'team.read'), place);
      return pageOf(agencies, limit, { show: showAgency, placeOf: (agency) => [agency.id] });
    },
  }),
  route({
    method: 'GET',
    path: '/agencies/:agency',
    id: 'readAgency',
    summary: 'One agency',
    scope: 'team.read',
    status: 200,
    answer: agencySchema,
    async carryOut(call) {
      return { body: showAgency(await loadAgencyOf(call, 'team.read')) };
    },
  }),
  listRoute({
    path: '/agencies/:agency/members',
    id: 'listMembers',
    summary: 'Who works for an agency, by role; roles that rest too',
    scope: 'team.read',
    item: memberSchema,
    async page(call) {
      const agency = await loadAgencyOf(call, 'team.read');
      const members = await listMembers(call.db, [agency.id], new Date());
      return { items: members.map(showMember), next: undefined };
    },
  }),
  listRoute({
    path: '/sectors',
    id: 'listSectors',
    summary: 'The policy areas, in their order',
    scope: 'apps.read',
    item: sectorSchema,
    async page({ db }) {
      return { items: (await listSectors(db)).map(showSector), next: undefined };
    },
  }),
];

function showAgency(agency: Agency): z.input<typeof agencySchema> {
  return {
    ...{ id: agency.id, name: agency.name, name_en: agency.nameEn, legal_name: agency.legalName },
    ...{ domain: agency.domain, kind: agency.kind, parent: agency.parentId, path: [...agency.path] },
    ...{ sectors: [...agency.sectors], email_domain: agency.emailDomain, created_at: said(agency.createdAt) },
  };
}

function showMember(member: Membership): z.input<typeof memberSchema> {
  return {
    ...{ account: member.accountId, role: member.role },
    ...{ since: said(member.since), until: saidIfAny(member.until) },
    suspended_at: saidIfAny(member.suspendedAt),
    suspended_reason: member.suspendedReason ?? null,
  };
}

function showSector(sector: Sector): z.input<typeof sectorSchema> {
  return {
    ...{ id: sector.id, name: sector.name, name_en: sector.nameEn },
    ...{ is_priority: sector.isPriority, coordinator: sector.coordinatorId ?? null },
  };
}
