/** `lawang accounts`: how an account stands, and holding or ending its use, for an operator who answers for it. */
import { recordAdminEvent } from '#src/audit/events.ts';
import { readConfig } from '#src/base/config.ts';
import type { Database, Db } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { listConnected } from '#src/consents/permissions.ts';
import { disable, enable, freeze, unfreeze } from '#src/oidc/account-end.ts';
import { listSessions } from '#src/oidc/sessions.ts';
import { findLife, type OperatorsWhy } from '#src/people/account-life.ts';
import { type Account, findAccount, listAccountContacts } from '#src/people/accounts.ts';
import { findAccountId, parseIdentifier } from '#src/people/identifiers.ts';
import { identityAssurance, identityLevels, recordEvidence } from '#src/people/proofing.ts';
import { countRecoveryCodes } from '#src/people/recovery-codes.ts';
import { listWays } from '#src/people/ways.ts';
import { createTellOwner, type Told } from '#src/web/owner-notices.ts';
import { type Call, type Command, OutOfPlace, WrongInput } from './command.ts';
import { withSecrets } from './open.ts';
import { toTable } from './text.ts';

export const showAccount: Command = {
  usage: 'ID|IDENTIFIER',
  summary:
    'show how an account stands (by account id, e-mail or phone): its state, ways to sign in, sessions; no values',
  operands: { min: 1, max: 1 },
  run: async ({ operands: [typed = ''], environment }) => {
    const data = await withSecrets(readConfig(environment), async (database, secrets) =>
      describe(database, secrets, await loadTyped(database, secrets, typed)),
    );
    const rows = Object.entries(data).flatMap(([name, value]) => (value === null ? [] : [[name, toCell(value)]]));
    return { data, text: toTable(rows) };
  },
};

/** Nothing that names the person: an operator who needs to write to them does so by the account. */
async function describe(database: Database, secrets: Secrets, account: Account) {
  const { id } = account;
  const life = await findLife(database, id);
  const ways = await listWays(database, account);
  const contacts = await listAccountContacts(database, secrets, id);
  return {
    id,
    state: account.state,
    since: life?.since ?? null,
    reason: life?.reason ?? null,
    frozen_at: life?.frozenAt ?? null,
    closes_at: account.closesAt ?? null,
    restricted_at: account.restrictedAt ?? null,
    created_at: account.createdAt,
    language: account.language,
    contacts: contacts.map(({ kind, value, isIdentifier, confirmedAt }) => ({
      kind,
      value: mask(value),
      signs_in: isIdentifier,
      confirmed_at: confirmedAt ?? null,
    })),
    password: ways.passwordSince !== undefined,
    passkeys: ways.passkeys.length,
    authenticator_app: ways.totpSince !== undefined,
    recovery_codes: await countRecoveryCodes(database, id),
    sessions: (await listSessions(database, secrets, id)).length,
    identity: (await identityAssurance(database, id)) ?? null,
    apps: (await listConnected(database, id)).length,
  };
}

/** Enough to tell one contact from another, and to read over the telephone. */
function mask(value: string): string {
  const at = value.lastIndexOf('@');
  return at === -1 ? `•••${value.slice(-3)}` : `${value.slice(0, 1)}•••${value.slice(at)}`;
}

function toCell(value: unknown): string {
  if (value instanceof Date) return value.toISOString();
  if (Array.isArray(value)) return value.map(({ kind, value: shown }) => `${kind} ${shown}`).join(', ') || 'none';
  return typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value);
}

export const disableOne = step('disable', {
  summary: 'end the use of an account at once: sessions, tokens and refresh tokens end, its apps and owner are told',
  done: 'is disabled',
  told: () => 'disabled',
  take: (db, secrets, id, why) => disable(db, secrets, id, why),
});

export const enableOne = step('enable', {
  summary: 'take back "accounts disable"; what its owner had frozen is frozen again',
  done: 'is enabled again',
  told: (outcome) => (outcome === 'frozen' ? undefined : 'opened'),
  take: (db, _secrets, id, why) => enable(db, id, why),
});

export const freezeOne = step('freeze', {
  summary: 'hold an account at once, as its owner can; ends what "accounts disable" ends',
  done: 'is frozen',
  told: () => 'frozen',
  take: (db, secrets, id, why) => freeze(db, secrets, id, why),
});

export const unfreezeOne = step('unfreeze', {
  summary: 'open a frozen account, after its owner has shown at a desk who they are',
  done: 'is open again',
  told: () => 'opened',
  take: (db, secrets, id, why) => unfreeze(db, secrets, id, why),
});

export const proveOne: Command = {
  usage: 'ID --level LEVEL --reason TEXT',
  summary:
    'record that it is proven who the person is (ial1, ial2, ial3), by your own procedure; as well as before, it ends what a recovery by contacts restricts',
  operands: { min: 1, max: 1 },
  options: { level: { type: 'string' }, reason: { type: 'string' } },
  run: async ({ operands: [id = ''], options, environment }) => {
    const level = identityLevels.find((each) => each === options.level);
    if (!level) throw new WrongInput(`--level is one of ${identityLevels.join(', ')}.`);
    const reason = readReason(options);
    const evidence = { accountId: id, level, method: 'operator', recordedBy: 'command' };
    const config = readConfig(environment);
    const data = await withSecrets(config, async (database, secrets) => {
      if (!(await findAccount(database, secrets, id))) throw nobody();
      await database.transaction(async (tx) => {
        await recordEvidence(tx, evidence);
        const subject = `account ${id}`;
        await recordAdminEvent(tx, { kind: 'account.proven', actor: 'command', subject, details: { level, reason } });
        await createTellOwner({ config, secrets })(tx, id, 'proven');
      });
      const restrictedAt = (await findAccount(database, secrets, id))?.restrictedAt ?? null;
      return { id, identity: (await identityAssurance(database, id)) ?? null, restricted_at: restrictedAt };
    });
    const still = data.restricted_at ? ' It stays restricted: before, more was proven.' : '';
    return { data, text: `Account ${id} is of somebody known at ${data.identity}.${still}` };
  },
};

interface OperatorsStep<Outcome> {
  readonly summary: string;
  readonly done: string;
  readonly told: (outcome: Outcome) => Told | undefined;
  readonly take: (db: Db, secrets: Secrets, id: string, why: OperatorsWhy) => Promise<Outcome>;
}

function step<Outcome>(verb: string, { summary, done, told, take }: OperatorsStep<Outcome>): Command {
  return {
    usage: 'ID --reason TEXT',
    summary,
    operands: { min: 1, max: 1 },
    options: { reason: { type: 'string' } },
    run: async ({ operands: [id = ''], options, environment }) => {
      const why = { actor: 'command', reason: readReason(options) };
      const config = readConfig(environment);
      const state = await withSecrets(config, async (database, secrets) => {
        if (!(await findAccount(database, secrets, id))) throw nobody();
        await database.transaction(async (tx) => {
          const outcome = await take(tx, secrets, id, why);
          if (!outcome) throw await notPossible(database, id, verb);
          const what = told(outcome);
          if (what) await createTellOwner({ config, secrets })(tx, id, what);
        });
        return (await findLife(database, id))?.state;
      });
      return {
        data: { id, state },
        text: `Account ${id} ${done}.${state === 'frozen' && verb === 'enable' ? ' It is frozen, as before.' : ''}`,
      };
    },
  };
}

/**
 * Why, in a few words. They stay on record for good, longer than the person's account: so they name nobody.
 *
 * @throws {WrongInput}
 */
function readReason({ reason }: Call['options']): string {
  const text = typeof reason === 'string' ? reason.replace(/\s+/g, ' ').trim() : '';
  if (!text) throw new WrongInput('--reason is missing: a few words, or the number of a case.');
  if (text.length > 200) throw new WrongInput('--reason is too long: at most 200 characters.');
  if (/[@\p{C}]|(\d[\s.-]?){10,}/u.test(text))
    throw new WrongInput('--reason stays on record for good: no address, telephone number or NIK in it.');
  return text;
}

async function loadTyped(db: Db, secrets: Secrets, typed: string): Promise<Account> {
  const identifier = parseIdentifier(typed);
  const id = identifier ? await findAccountId(db, secrets, identifier) : typed;
  const account = id === undefined ? undefined : await findAccount(db, secrets, id);
  if (!account) throw nobody();
  return account;
}

function nobody(): OutOfPlace {
  return new OutOfPlace('Nobody has this account id, e-mail or phone.');
}

async function notPossible(db: Db, id: string, verb: string): Promise<OutOfPlace> {
  return new OutOfPlace(
    `The account is ${(await findLife(db, id))?.state}: "accounts ${verb}" does not start from there.`,
  );
}
