/** What the contacts of an account are told about a desk's sheet, each with a link of its own. */
import type { Db } from '#src/base/database.ts';
import { listOldContacts, sealSheetNotice } from '#src/people/desk-contacts.ts';
import type { Sheet } from '#src/people/desk-sheets.ts';
import { isSameAddress } from '#src/people/identifiers.ts';
import { findAgency } from '#src/registry/agencies.ts';
import { sheetConfirmedMessage, sheetIssuedMessage } from '#views/desk-messages.ts';
import type { OpenHouse } from './house.ts';
import { notifyContacts } from './messages.ts';
import { nameOf } from './names.ts';

/** The sheet waits now: whoever reads it may cancel, and an old contact may confirm. */
export function tellOfSheet(house: OpenHouse, db: Db, sheet: Sheet): Promise<void> {
  return tell(house, db, sheet, sheetIssuedMessage);
}

/** An old contact has confirmed the sheet; the others may still cancel. */
export function tellOfConfirmation(house: OpenHouse, db: Db, sheet: Sheet): Promise<void> {
  return tell(house, db, sheet, sheetConfirmedMessage);
}

async function tell(
  house: OpenHouse,
  db: Db,
  sheet: Sheet,
  message: typeof sheetIssuedMessage | typeof sheetConfirmedMessage,
): Promise<void> {
  const { config, secrets } = house;
  const { accountId, agencyId, readyAt } = sheet;
  const old = await listOldContacts(db, secrets, accountId);
  const agency = await findAgency(db, agencyId);
  await notifyContacts(house, db, accountId, (context, contact) =>
    message({
      ...context,
      agency: agency ? nameOf(agency, context.language) : agencyId,
      readyAt,
      // Who may not freeze the account may not cancel either: the number may be somebody else's by now.
      decideLink:
        context.notMeLink && `${config.issuer}/sheet/notice?token=${sealSheetNotice(secrets, sheet, contact)}`,
      mayConfirm: old.some((one) => isSameAddress(one, contact)),
    }),
  );
}
