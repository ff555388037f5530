/**
 * What a notice says to an app, signed for one attempt to deliver it: a logout token (OpenID Connect Back-Channel Logout 1.0
 * §2.4) or a security event token (RFC 8417). Every attempt has the notice's own `jti`, by which an app knows one that it has
 * had; no id in it is one that another app could be told as well.
 *
 * Where a standard has an event for what happened, it is that one (OpenID CAEP and RISC Profile 1.0, Shared Signals Framework 1.0);
 * what is ours has its name under the issuer.
 */
import { epochSeconds } from '#src/base/epoch.ts';
import type { Secrets } from '#src/base/secrets.ts';
import type { AppNotice, NoticeReason } from './app-notices.ts';
import { type SigningKey, signToken } from './signing-keys.ts';

/** How long an app may take to believe a logout token, in seconds. */
const TOKEN_SECONDS = 120;

/** A notice that is about to be sent. */
export interface Outgoing {
  readonly issuer: string;
  /** Of its row. */
  readonly id: string;
  readonly notice: AppNotice;
}

/** The event by which an app is told to sign a person out. */
const LOGOUT_EVENT = 'http://schemas.openid.net/event/backchannel-logout';

/** Tells an app to end a session of this person, or all of them where `sid` is missing (Back-Channel Logout 1.0 §2.4). */
export function logoutToken(key: SigningKey, secrets: Secrets, { issuer, id, notice }: Outgoing): string {
  const now = epochSeconds();
  return signToken(key, 'logout+jwt', {
    iss: issuer,
    aud: notice.clientId,
    sub: notice.sub,
    ...(notice.sid !== undefined && { sid: notice.sid }),
    iat: now,
    exp: now + TOKEN_SECONDS,
    jti: jtiOf(secrets, id),
    events: { [LOGOUT_EVENT]: {} },
  });
}

/** Without `exp` and `sub`, which would make it look like a token that grants something (RFC 8417 §4.5 and §4.6). */
export function eventToken(key: SigningKey, secrets: Secrets, { issuer, id, notice }: Outgoing): string {
  return signToken(key, 'secevent+jwt', {
    iss: issuer,
    aud: notice.clientId,
    iat: epochSeconds(),
    jti: jtiOf(secrets, id),
    toe: notice.at,
    sub_id: subjectOf(issuer, notice),
    events: { [eventTypeOf(issuer, notice.reason)]: payloadOf(secrets, notice) },
  });
}

const ours = {
  withdrawn: 'consent-withdrawn',
  left: 'service-left',
  narrowed: 'consent-narrowed',
  expired: 'permission-expired',
  reported: 'release-reported',
  underage: 'consent-ended-underage',
} as const satisfies Partial<Record<NoticeReason, string>>;

const standard = {
  'signed-out': 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  'account-held': 'https://schemas.openid.net/secevent/risc/event-type/account-disabled',
  'account-ended': 'https://schemas.openid.net/secevent/risc/event-type/account-purged',
  test: 'https://schemas.openid.net/secevent/ssf/event-type/verification',
} as const satisfies Partial<Record<NoticeReason, string>>;

/** The URI that names what happened. */
function eventTypeOf(issuer: string, reason: NoticeReason): string {
  return reason in standard
    ? standard[reason as keyof typeof standard]
    : `${issuer}/event-types/${ours[reason as keyof typeof ours]}`;
}

/** RFC 9493: the person as this app knows them; with a session, both (CAEP §2); of a test there is nobody. */
function subjectOf(issuer: string, { reason, sub, sid, clientId }: AppNotice): object {
  if (reason === 'test') return { format: 'opaque', id: clientId };
  const user = { format: 'iss_sub', iss: issuer, sub };
  return sid === undefined ? user : { format: 'complex', user, session: { format: 'opaque', id: sid } };
}

function payloadOf(secrets: Secrets, { reason, at, withdrawalId, furtherWithdrawalIds = [] }: AppNotice): object {
  if (reason === 'test') return {};
  if (reason === 'account-held' || reason === 'account-ended') return {};
  const when = { event_timestamp: at };
  if (withdrawalId === undefined) return when;
  const further = furtherWithdrawalIds.map((id) => secrets.outsideId(id));
  return {
    ...{ ...when, withdrawal: secrets.outsideId(withdrawalId) },
    ...(further.length > 0 && { further_withdrawals: further }),
  };
}

function jtiOf(secrets: Secrets, id: string): string {
  return secrets.hash('notice', id).subarray(0, 20).toString('base64url');
}
