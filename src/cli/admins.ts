/** `lawang admins`: the first people of an agency, for whoever runs the machine. */
import { recordAccountEvent, recordAdminEvent } from '#src/audit/events.ts';
import { readConfig } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { findAccount } from '#src/people/accounts.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { listMembers, listMemberships, type Membership, restoreMembership, roles } from '#src/people/memberships.ts';
import { type Agency, findAgency, listAgenciesBelow, loadAgency } from '#src/registry/agencies.ts';
import { inviteFirst } from '#src/web/team.ts';
import { tellPerson } from '#src/web/team-notices.ts';
import { type Call, type Command, OutOfPlace, WrongInput } from './command.ts';
import { withSecrets } from './open.ts';
import { toTable } from './text.ts';

export const inviteAdmin: Command = {
  usage: '[--agency ID] [--role ROLE]',
  summary:
    'print a link, good once and for seven days, by which somebody becomes an admin: owner of the agency at the top unless told otherwise',
  options: { agency: { type: 'string' }, role: { type: 'string' } },
  run: async ({ options, environment }) => {
    const role = roles.find((one) => one === (options.role ?? 'owner'));
    if (!role) throw new WrongInput(`--role is one of ${roles.join(', ')}.`);
    const config = readConfig(environment);
    const { agency, made } = await withSecrets(config, async (database, secrets) => {
      const agency = await chooseAgency(database, options);
      const made = await database.transaction((tx) => inviteFirst({ config, secrets }, tx, agency, role));
      return { agency, made };
    });
    const data = { agency: agency.id, role, link: made.link, expires_at: made.expiresAt };
    const until = made.expiresAt.toISOString();
    return { data, text: `${made.link}\nGood once, until ${until}: whoever opens it becomes ${role} of ${agency.id}.` };
  },
};

/** The one that was named, or the only one at the top. */
async function chooseAgency(db: Db, { agency: id }: Call['options']): Promise<Agency> {
  if (typeof id === 'string') return loadAgency(db, id);
  const [top, other] = await listAgenciesBelow(db, null, { limit: 2 });
  if (!top) throw new OutOfPlace('There is no agency yet: declare one with "lawang agencies apply FILE".');
  if (other) throw new WrongInput('--agency is missing: several agencies stand at the top.');
  return top;
}

export const listAdmins: Command = {
  usage: '[--agency ID]',
  summary: 'list who has a role at an agency (at the top unless told otherwise), by account id, without names',
  options: { agency: { type: 'string' } },
  run: async ({ options, environment }) => {
    const members = await withSecrets(readConfig(environment), async (database) => {
      const { id } = await chooseAgency(database, options);
      return listMembers(database, [id], new Date());
    });
    const data = members.map(({ accountId, agencyId, role, since, suspendedReason }) => ({
      ...{ account: accountId, agency: agencyId, role, since },
      suspended: suspendedReason ?? null,
    }));
    const rows = data.map(({ account, agency, role, since, suspended }) => [
      ...[account, agency, role, since.toISOString()],
      suspended ? `suspended: ${suspended}` : '',
    ]);
    return { data, text: toTable([['ACCOUNT', 'AGENCY', 'ROLE', 'SINCE', ''], ...rows]) };
  },
};

export const restoreAdmin: Command = {
  usage: 'ID|IDENTIFIER',
  summary:
    'let the suspended roles of an account count again, when no other admin can: first make sure who its owner is',
  operands: { min: 1, max: 1 },
  run: async ({ operands: [typed = ''], environment }) => {
    const config = readConfig(environment);
    const restored = await withSecrets(config, async (database, secrets) => {
      const accountId = await findTyped(database, secrets, typed);
      const resting = (await listMemberships(database, accountId, new Date())).filter(({ suspendedAt }) => suspendedAt);
      if (resting.length === 0) throw new OutOfPlace('No role of this account is suspended.');
      await database.transaction(async (tx) => {
        for (const one of resting) await restore({ config, secrets }, tx, one);
      });
      return resting;
    });
    const data = restored.map(({ accountId, agencyId, role }) => ({ account: accountId, agency: agencyId, role }));
    return { data, text: toTable(data.map(({ agency, role }) => [agency, role, 'counts again'])) };
  },
};

async function restore(base: Parameters<typeof tellPerson>[0], tx: Db, one: Membership): Promise<void> {
  const { accountId, agencyId, role } = one;
  if (!(await restoreMembership(tx, one))) return;
  const details = { agency: agencyId, role };
  const subject = `account ${accountId}`;
  await recordAdminEvent(tx, { kind: 'role.restored', actor: 'command', subject, agencyId, details });
  await recordAccountEvent(tx, { accountId, kind: 'role.restored', details });
  const agency = await findAgency(tx, agencyId);
  if (agency) await tellPerson(base, tx, { accountId, agency, roles: [role], change: 'restored' });
}

async function findTyped(database: Database, secrets: Secrets, typed: string): Promise<string> {
  const identifier = parseIdentifier(typed);
  const id = identifier ? await findAccountId(database, secrets, identifier) : typed;
  const account = id === undefined ? undefined : await findAccount(database, secrets, id);
  if (!account) throw new OutOfPlace('Nobody has this account id, e-mail or phone.');
  return account.id;
}
