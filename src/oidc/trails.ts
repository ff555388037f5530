/**
 * What a session keeps of the browser that somebody signed in with, so that its owner can tell it in a list: which browser
 * on which system, in which network as far as a neighbourhood. It is sealed, and goes with the session.
 */
import type { KoaContextWithOIDC } from 'oidc-provider';
import type { Db } from '#src/base/database.ts';
import { type Keyring, SHARDS } from '#src/base/secrets.ts';

/** What a browser says of itself, and where it is. */
export interface About {
  /** Such as `Chrome`. */
  readonly browser?: string | undefined;
  /** Such as `Android`. */
  readonly system?: string | undefined;
  /** /24 of IPv4, /48 of IPv6. */
  readonly network: string;
}

/** What a sign-in leaves with its session. */
export interface Trail {
  /** The keyed hash of the browser's device cookie, in base64url; none on a device that others use. */
  readonly device?: string;
  readonly about: About;
}

/** The trail of the sign-in that this request of the engine ends, if it ends one. */
export function trailIn(ctx: KoaContextWithOIDC | undefined): Trail | undefined {
  const { login } = (ctx?.oidc.result ?? {}) as { login?: { trail?: Trail } };
  return login?.trail;
}

/** What a session's row keeps of its browser. */
export function sealTrail(wrap: Keyring, uid: string, about: About): Buffer {
  return wrap.seal(placeOf(uid), JSON.stringify(about));
}

/** Undefined when nothing is kept, or a master key that is gone has taken it along. */
export function openTrail(wrap: Keyring, uid: string, sealed: Buffer | null): About | undefined {
  const said = sealed && wrap.tryOpen(placeOf(uid), sealed);
  return said ? JSON.parse(said.toString()) : undefined;
}

/** Shards whose sessions are read at once. */
const RANGE = 256;

/** Seals what sessions keep anew with the first master key. @returns how many */
export async function resealTrails(db: Db, wrap: Keyring): Promise<number> {
  let resealed = 0;
  for (let first = 0; first < SHARDS; first += RANGE) {
    const shards = Array.from({ length: RANGE }, (_, offset) => first + offset);
    const rows = await db
      .forAll(shards)
      .query<{ shard: number; uid: string; about: Buffer }>(
        'select shard, uid, about from sessions where shard = any($1) and about is not null',
        [shards],
      );
    for (const { shard, uid, about } of rows.filter((row) => !wrap.isCurrent(row.about)))
      resealed += await db
        .for(shard)
        .execute('update sessions set about = $3 where shard = $1 and uid = $2 and about = $4', [
          ...[shard, uid],
          wrap.seal(placeOf(uid), wrap.open(placeOf(uid), about)),
          about,
        ]);
  }
  return resealed;
}

function placeOf(uid: string): string {
  return `sessions.about:${uid}`;
}
