/** How somebody proved who they are, and the way by password. Passkeys and codes have files of their own. */
import { countEvent } from '#src/audit/events.ts';
import type { Db } from '#src/base/database.ts';
import { Refusal } from '#src/base/refusals.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { type Assurance, assuranceOf } from './assurance.ts';
import { findAccountId, type Identifier, readIdentifier } from './identifiers.ts';
import { verifyPassword } from './passwords.ts';
import { atCost, type Cost, findDeviceKey, networkOf, type Throttles } from './throttles.ts';

/** A finished sign-in, not yet a session. Whoever makes it one records `sign-in.succeeded` with the app it was for. */
export interface SignedIn extends Assurance {
  readonly accountId: string;
}

/** The sign-in of somebody who typed a code sent to this address of the account: one factor, and not a strong one. */
export function signedInByCode(accountId: string, { kind }: Pick<Identifier, 'kind'>): SignedIn {
  return { accountId, ...assuranceOf({ by: 'code', via: kind, elsewhere: false }) };
}

/** What somebody typed, and from where. */
export interface TriedPassword {
  readonly identifier: string;
  readonly password: string;
  /** The address of the caller; only its network is used. */
  readonly network: string;
  /** The keyed hash of the browser's device cookie, if it has one: an account that knows it counts it apart. */
  readonly device?: Buffer | undefined;
}

/**
 * Signs in with an identifier and a password.
 *
 * Unknown, wrong, without a password, disabled: the same refusal, the same statements, exactly one hash. Call it before
 * the unit of work has written anything (see {@link Throttles}).
 *
 * @throws `identifier_invalid` when the identifier cannot be anybody's, `too_many_attempts`, `login_failed`,
 *   `password_busy`
 */
export async function signInWithPassword(
  db: Db,
  secrets: Secrets,
  throttles: Throttles,
  tried: TriedPassword,
): Promise<SignedIn> {
  const identifier = readIdentifier(tried.identifier);
  const accountId = await findAccountId(db, secrets, identifier);
  const device = await findDeviceKey(db, accountId, tried.device);
  const cost = costOf({ identifier, accountId, device, network: networkOf(tried.network) });
  return atCost(throttles, { cost, counts: 'login_failed' }, async () => {
    const isRight = await verifyPassword(db, accountId, tried.password, { goesFirst: device !== undefined });
    if (!isRight || accountId === undefined) {
      countEvent('sign-in.failed');
      throw new Refusal('login_failed');
    }
    return { accountId, ...assuranceOf({ by: 'password' }) };
  });
}

/**
 * Whether who is signed in knows the account's password too: a session may be somebody else's by now. Limited like a sign-in.
 *
 * Call it before the unit of work has written anything (see {@link Throttles}).
 *
 * @throws `login_failed`, `too_many_attempts`, `password_busy`
 */
export async function confirmPassword(
  db: Db,
  throttles: Throttles,
  tried: { readonly accountId: string } & Omit<TriedPassword, 'identifier'>,
): Promise<void> {
  const { accountId, password } = tried;
  const device = await findDeviceKey(db, accountId, tried.device);
  const network = networkOf(tried.network);
  const cost: Cost = device
    ? [['password_from_device', device]]
    : [
        ['password_in_all', ''],
        ['password_from_network_to_account', `${network} ${accountId}`],
        ['password_to_account', accountId],
      ];
  await atCost(throttles, { cost, counts: 'login_failed' }, async () => {
    if (await verifyPassword(db, accountId, password, { goesFirst: device !== undefined })) return;
    countEvent('sign-in.failed');
    throw new Refusal('login_failed', 'not the present password');
  });
}

function costOf(tried: {
  readonly identifier: Identifier;
  readonly accountId: string | undefined;
  readonly device: string | undefined;
  readonly network: string;
}): Cost {
  const { identifier, accountId, device, network } = tried;
  if (device) return [['password_from_device', device]];
  return [
    ['password_in_all', ''],
    ['password_from_network_to_account', `${network} ${identifier.value}`],
    ['password_from_network', network],
    ['password_to_identifier', identifier.value],
    ['password_to_account', accountId ?? `nobody's ${identifier.value}`],
  ];
}
