/**
 * What the running request has read, so that the library's later questions are answered without another look. It lives in
 * the memory of the unit of work and no longer.
 */
import type { AdapterPayload } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { currentDb } from '#src/base/unit-of-work.ts';
import type { CurrentPermissions } from '#src/consents/permissions.ts';
import type { Account } from '#src/people/accounts.ts';
import type { ArtifactRow } from '../statements.ts';

/** What a request may have read, by kind. Undefined in it means that there is none. */
interface Facts {
  /** Where an id is stored: to find it takes a keyed hash. */
  readonly place: Place | undefined;
  readonly artifact: ArtifactRow | undefined;
  /** A look for an artifact, also one under way: the library asks for several kinds of one id at once. */
  readonly look: Promise<ArtifactRow | undefined>;
  readonly interaction: AdapterPayload | undefined;
  readonly grant: AdapterPayload | undefined;
  readonly account: Account | undefined;
  /** Whether an account may be used. */
  readonly standing: Standing | undefined;
  /** By account and client. */
  readonly permissions: CurrentPermissions;
  /** By account and subject group. */
  readonly subject: string;
  /** By uid. */
  readonly session: SessionSnapshot | undefined;
  /** Whether a session is on a device that others use, by uid. */
  readonly isShared: boolean;
  /** The uid of a session, by the id that it was read under. */
  readonly uid: string;
  /** The permissions that a grant is made of, by the grant's id. */
  readonly permissionsOf: CurrentPermissions;
}

/** Where a row is: its shard and the keyed hash of its id. */
export interface Place {
  readonly shard: number;
  readonly hash: Buffer;
}

/** What a session holds of its clients, by client id. */
export type Authorizations = Readonly<Record<string, object>>;

/** What a request has read of a session, to write only what differs. */
export interface SessionSnapshot {
  /** Whether this request has written the row. */
  readonly isWritten: boolean;
  /** Of the id that the browser holds; undefined when it was read for a token. */
  readonly hash: Buffer | undefined;
  readonly payload: AdapterPayload;
  /** When it ends unless it is used. */
  readonly expiresAt: Date | undefined;
  readonly authorizations: Authorizations;
}

/** What the running request has read, by kind and the id under which it is asked for. */
export class Known {
  readonly #facts = new Map<string, unknown>();
  /** Interactions that this request has taken and not ended: they have to be put back. */
  readonly taken = new Set<string>();

  has(kind: keyof Facts, id: string): boolean {
    return this.#facts.has(`${kind} ${id}`);
  }

  get<Kind extends keyof Facts>(kind: Kind, id: string): Facts[Kind] | undefined {
    return this.#facts.get(`${kind} ${id}`) as Facts[Kind] | undefined;
  }

  set<Kind extends keyof Facts>(kind: Kind, id: string, fact: Facts[Kind]): void {
    this.#facts.set(`${kind} ${id}`, fact);
  }

  delete(kind: keyof Facts, id: string): void {
    this.#facts.delete(`${kind} ${id}`);
  }
}

/** What a unit of work knows; without one it is new and forgotten at once. */
export function knownIn({ memory }: Db): Known {
  const known = (memory.get(Known) as Known | undefined) ?? new Known();
  memory.set(Known, known);
  return known;
}

/** The id under which something of an account and an app, or a subject group, is known. */
export const pairOf = (accountId: string, other: string) => `${accountId} ${other}`;

/** An account as far as most requests ask of it. */
export type Standing = Pick<Account, 'id' | 'state'>;

/** What a token, a session or an earlier question has brought of an account, or `null` when it has to be looked for. */
export function knownStanding(db: Db, id: string): Standing | undefined | null {
  const known = knownIn(db);
  return known.has('standing', id) ? known.get('standing', id) : null;
}

/** The account, if an earlier question has brought all of it, or `null` when it has to be looked for. */
export function knownAccount(db: Db, id: string): Account | undefined | null {
  const known = knownIn(db);
  return known.has('account', id) ? known.get('account', id) : null;
}

/** The person's name for a subject group, if this request has read it. */
export function knownSubject(db: Db, accountId: string, groupId: string): string | undefined {
  return knownIn(db).get('subject', pairOf(accountId, groupId));
}

/** A fresh id of a shard, whose place need not be found again. */
export function newTaggedId(db: Db, secrets: Secrets, shard: number): string {
  const { id, place } = secrets.newTaggedPlace(shard);
  knownIn(db).set('place', id, place);
  return id;
}

/** Whether the session that this request has found by its uid is on a device that others use too. */
export function isSharedSession(db: Db, uid: string): boolean {
  return knownIn(db).get('isShared', uid) ?? false;
}

/** Whether the running request has given the session's row the id that it holds itself. */
export function hasWrittenSession({ database }: { readonly database: Db }, uid: string): boolean {
  return knownIn(currentDb(database)).get('session', uid)?.isWritten ?? false;
}
