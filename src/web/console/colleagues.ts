/** What those who changed something are called, for those who may see it. */
import { findAccount, isAccountId } from '#src/people/accounts.ts';
import { listMembers } from '#src/people/memberships.ts';
import { type Language, translate } from '#views/locale.ts';
import type { ConsoleVisit } from './visit.ts';

/** The names of those actors who work for one of these agencies now, and one's own; of others nothing is read. */
export async function nameColleagues(
  { db, house, account: own }: Pick<ConsoleVisit, 'db' | 'house' | 'account'>,
  actors: readonly string[],
  agencyIds: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const asked = new Set(actors.filter(isAccountId));
  if (asked.size === 0) return new Map();
  const members = new Set(
    (await listMembers(db, [...new Set(agencyIds)], new Date())).map(({ accountId }) => accountId),
  );
  const names = new Map<string, string>();
  for (const id of [...asked].filter((actor) => members.has(actor) || actor === own.id)) {
    const account = await findAccount(db, house.secrets, id);
    if (account?.profile.name) names.set(id, account.profile.name);
  }
  return names;
}

/** An actor as a page names it: a colleague, what runs by itself, a machine, or somebody outside the team. */
export function sayActor(language: Language, names: ReadonlyMap<string, string>, actor: string): string {
  const t = translate(language);
  const name = names.get(actor);
  if (name !== undefined) return name;
  if (isAccountId(actor)) return t('console.actor-somebody');
  if (actor === 'command') return t('console.actor-command');
  if (actor.startsWith('registration-token ')) return t('console.actor-registration');
  return actor.startsWith('client ')
    ? t('console.actor-client', { name: actor.slice('client '.length) })
    : t('console.actor-system');
}
