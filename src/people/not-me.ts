/**
 * "This wasn't me": what the link in a notice says. Whoever got the notice may freeze the account with it, and nothing more:
 * it never signs in and never begins a recovery.
 *
 * The link stands in mailboxes and in the history of browsers, so it is sealed: nothing in it can be read, and nobody can
 * make one.
 */
import { bytesOfId, idOfBytes, type Secrets } from '#src/base/secrets.ts';

/** How long the link of a notice may be used. */
const LIFE_MS = 30 * 24 * 3600 * 1000;
const ID_BYTES = 16;
const TIME_BYTES = 6;
const PLACE = 'not-me';

/** What a notice's link is about. */
export interface NotMe {
  readonly accountId: string;
  /** When the notice was written. */
  readonly at: Date;
}

/** The token of a link. */
export function sealNotMe({ wrap }: Secrets, { accountId, at }: NotMe): string {
  const time = Buffer.alloc(TIME_BYTES);
  time.writeUIntBE(at.getTime(), 0, TIME_BYTES);
  const said = Buffer.concat([bytesOfId(accountId), time]);
  return wrap.sealToken(PLACE, said);
}

/** What a token says; undefined when it is not ours, was altered or is too old. */
export function openNotMe({ wrap }: Secrets, token: string): NotMe | undefined {
  const said = wrap.openToken(PLACE, token);
  if (said?.length !== ID_BYTES + TIME_BYTES) return undefined;
  const at = new Date(said.readUIntBE(ID_BYTES, TIME_BYTES));
  if (Date.now() > at.getTime() + LIFE_MS) return undefined;
  return { accountId: idOfBytes(said.subarray(0, ID_BYTES)), at };
}
