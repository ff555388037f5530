/** `lawang sessions`: signs people out, for an operator who has to. */
import { recordAccountEvent, recordAdminEvent } from '#src/audit/events.ts';
import { readConfig } from '#src/base/config.ts';
import type { Database } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { endClientSessions, endEverySession } from '#src/oidc/session-ends.ts';
import { endSessions } from '#src/oidc/sessions.ts';
import { findAccount } from '#src/people/accounts.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { loadClient } from '#src/registry/clients.ts';
import { type Call, type Command, OutOfPlace, WrongInput } from './command.ts';
import { withSecrets } from './open.ts';

export const endSomeSessions: Command = {
  usage: '--all | --client ID | --account ID',
  summary:
    'sign out everybody, one app everywhere, or one person (by account id, e-mail or phone); may run beside the server',
  options: { all: { type: 'boolean' }, client: { type: 'string' }, account: { type: 'string' } },
  run: async ({ environment, options }) => {
    const end = whichEnd(options);
    const { ended, of } = await withSecrets(readConfig(environment), async (database, secrets) => {
      const done = await end(database, secrets);
      const details = { sessions: done.ended };
      await recordAdminEvent(database, { kind: 'sessions.ended', actor: 'command', subject: done.of, details });
      return done;
    });
    return { data: { ended, of }, text: `${ended} ${ended === 1 ? 'session' : 'sessions'} of ${of} ended.` };
  },
};

interface Ended {
  readonly ended: number;
  /** Whose they were, as the event says it; never what was typed. */
  readonly of: string;
}

type End = (database: Database, secrets: Secrets) => Promise<Ended>;

/** @throws {WrongInput} unless exactly one of the three was given */
function whichEnd({ all, client, account }: Call['options']): End {
  const given = [all === true, client !== undefined, account !== undefined].filter(Boolean);
  if (given.length !== 1) throw new WrongInput('give one of --all, --client and --account.');
  if (typeof client === 'string') return (database, secrets) => endOfClient(database, secrets, client);
  if (typeof account === 'string') return (database, secrets) => endOfAccount(database, secrets, account);
  return async (database, secrets) => ({ ended: await endEverySession(database, secrets), of: 'everybody' });
}

async function endOfClient(database: Database, secrets: Secrets, typed: string): Promise<Ended> {
  const { id } = await loadClient(database, typed);
  return { ended: await endClientSessions(database, secrets, id), of: `client ${id}` };
}

async function endOfAccount(database: Database, secrets: Secrets, typed: string): Promise<Ended> {
  const identifier = parseIdentifier(typed);
  const id = identifier ? await findAccountId(database, secrets, identifier) : typed;
  const account = id === undefined ? undefined : await findAccount(database, secrets, id);
  if (!account) throw new OutOfPlace('Nobody has this account id, e-mail or phone.');
  const ended = await database.transaction(async (tx) => {
    const sessions = await endSessions(tx, secrets, account.id);
    const details = { sessions, by: 'operator' };
    if (sessions > 0) await recordAccountEvent(tx, { accountId: account.id, kind: 'session.ended', details });
    return sessions;
  });
  return { ended, of: `account ${account.id}` };
}
