/**
 * Mails the link that confirms an app's contact to every address that has just been declared, by whichever way.
 *
 * Several processes may run it on one database: an address is taken by a conditional statement in the transaction that
 * sends to it.
 */
import type { Database, Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { repeat } from '#src/base/repeat.ts';
import { type ContactKey, listUnaskedContacts } from '#src/registry/client-contacts.ts';

const EVERY_MS = 10_000;

/** Sends the link, in the transaction of its cause; false where another process was faster. */
export type AskContact = (db: Db, contact: ContactKey) => Promise<boolean>;

interface Job {
  readonly database: Database;
  readonly log: Log;
  readonly askContact: AskContact;
}

export interface ContactLinks {
  /** Ends after the message that is being written. */
  stop(): Promise<void>;
  /** Writes to all that have not been asked; how many this process wrote to. */
  askDue(): Promise<number>;
}

/** Starts the work. Several processes may run it on one database. */
export function startContactLinks(job: Job, options: { everyMs?: number } = {}): ContactLinks {
  const { now, stop } = repeat('contact-links', options.everyMs ?? EVERY_MS, job.log, (stopping) =>
    askAll(job, stopping),
  );
  return { askDue: now, stop };
}

async function askAll({ database, askContact }: Job, stopping: AbortSignal): Promise<number> {
  let asked = 0;
  for (;;) {
    const contacts = await listUnaskedContacts(database);
    for (const contact of contacts) {
      if (stopping.aborted) return asked;
      if (await database.transaction((tx) => askContact(tx, contact))) asked += 1;
    }
    if (contacts.length === 0) return asked;
  }
}
