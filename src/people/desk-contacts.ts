/** The contacts of an account for which a desk has issued a sheet: which of them may end its wait, and the link by which they do. */
import type { Db } from '#src/base/database.ts';
import { bytesOfId, idOfBytes, type Secrets } from '#src/base/secrets.ts';
import { loadAccount } from './accounts.ts';
import { type CountingContact, listCountingContacts } from './contacts.ts';
import { moveSheet, recordSheet, type Sheet, sheetColumns } from './desk-sheets.ts';
import { type Identifier, indexOf } from './identifiers.ts';
import { isOldContact } from './recoveries.ts';
import { cameWithAccount } from './trial.ts';

/** The contacts that may end the wait: they came with the account, or long before the sheet. */
export async function listOldContacts(db: Db, secrets: Secrets, accountId: string): Promise<CountingContact[]> {
  const { createdAt } = await loadAccount(db, secrets, accountId);
  const counting = await listCountingContacts(db, secrets, accountId);
  return counting.filter(
    (contact) => !contact.isShared && (isOldContact(contact) || cameWithAccount(contact.confirmedAt, createdAt)),
  );
}

const PLACE = 'sheet-notice';
const ID_BYTES = 16;
/** So much of a contact's keyed hash tells the contacts of one account apart. */
const CONTACT_BYTES = 8;

/** What the link of a notice says: which sheet, and which contact was told. */
export interface SheetNotice extends Pick<Sheet, 'accountId' | 'id'> {
  readonly contact: Buffer;
}

/** The token of the link by which a contact cancels or confirms a sheet: nobody else can make one, nothing in it can be read. */
export function sealSheetNotice(
  secrets: Secrets,
  { accountId, id }: Pick<Sheet, 'accountId' | 'id'>,
  contact: Identifier,
): string {
  return secrets.wrap.sealToken(PLACE, Buffer.concat([bytesOfId(accountId), bytesOfId(id), markOf(secrets, contact)]));
}

/** What a token says; undefined when it is not ours or was altered. */
export function openSheetNotice({ wrap }: Secrets, token: string): SheetNotice | undefined {
  const bytes = wrap.openToken(PLACE, token);
  return (
    bytes && {
      accountId: idOfBytes(bytes.subarray(0, ID_BYTES)),
      id: idOfBytes(bytes.subarray(ID_BYTES, 2 * ID_BYTES)),
      contact: bytes.subarray(2 * ID_BYTES),
    }
  );
}

function markOf(secrets: Secrets, contact: Identifier): Buffer {
  return indexOf(secrets, contact).index.subarray(0, CONTACT_BYTES);
}

/** Whether a contact that was told may end the wait: it must be an old one still. */
export async function mayConfirm(db: Db, secrets: Secrets, { accountId, contact }: SheetNotice): Promise<boolean> {
  const old = await listOldContacts(db, secrets, accountId);
  return old.some((one) => markOf(secrets, one).equals(contact));
}

/**
 * An old contact says that it is its owner who was at the desk: the wait is over.
 *
 * @returns the sheet, or undefined when it does not wait any more, or not for this contact
 */
export async function confirmSheet(db: Db, secrets: Secrets, notice: SheetNotice): Promise<Sheet | undefined> {
  if (!(await mayConfirm(db, secrets, notice))) return undefined;
  const confirmed = await moveSheet(
    db,
    notice,
    `update desk_sheets set confirmed_at = $4, ready_at = $4
     where shard = $1 and account_id = $2 and id = $3 and state = 'waiting' and ready_at > $4 and expires_at > $4
     returning ${sheetColumns}`,
    [new Date()],
  );
  if (confirmed) await recordSheet(db, confirmed, 'sheet.confirmed');
  return confirmed;
}
