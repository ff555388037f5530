/** Apps that hear of what ends: of a sign-out (OpenID Connect Back-Channel Logout 1.0), and of events (RFC 8935). */
import type { Db } from '#src/base/database.ts';
import type { ClientRecord } from './clients.ts';

/** An app that hears of what ends, and how. */
export interface NoticeReceiver extends Pick<ClientRecord, 'id' | 'subjectGroupId'> {
  readonly hearsLogout: boolean;
  readonly hearsEvents: boolean;
  /** Whether it wants to be told which session has ended. */
  readonly wantsSession: boolean;
}

/** How an app hears of what ends. */
export function receiverOf(client: ClientRecord): NoticeReceiver {
  return {
    id: client.id,
    subjectGroupId: client.subjectGroupId,
    hearsLogout: client.backchannelLogoutUri !== undefined,
    hearsEvents: client.eventUri !== undefined,
    wantsSession: client.backchannelLogoutSessionRequired,
  };
}

/** Those of the clients named that hear of what ends. */
export async function listNoticeReceivers(db: Db, ids: readonly string[]): Promise<NoticeReceiver[]> {
  const rows = await db.query<{
    id: string;
    subject_group_id: string;
    hears_logout: boolean;
    hears_events: boolean;
    wants_session: boolean;
  }>(
    `select id, subject_group_id, backchannel_logout_uri is not null as hears_logout, event_uri is not null as hears_events,
       backchannel_logout_session_required as wants_session
     from clients where id = any($1) and (backchannel_logout_uri is not null or event_uri is not null) order by id`,
    [ids],
  );
  return rows.map((row) => ({
    id: row.id,
    subjectGroupId: row.subject_group_id,
    hearsLogout: row.hears_logout,
    hearsEvents: row.hears_events,
    wantsSession: row.wants_session,
  }));
}
