/**
 * `/contacts/confirm`: where the link leads that an app's contact got. Programs that read mail open every link, so looking
 * changes nothing; the button confirms, once. Nobody is signed in by it.
 */
import type { Context } from 'koa';
import type { Db } from '#src/base/database.ts';
import { sendMessage } from '#src/people/messages.ts';
import {
  askContact,
  type ContactKey,
  confirmContact,
  loadAskedContact,
  loadContact,
} from '#src/registry/client-contacts.ts';
import { contactConfirmedPage, contactConfirmPage } from '#views/contacts-confirm.ts';
import { contactConfirmMessage } from '#views/credential-messages.ts';
import { frameOf, show, showForm } from './frame.ts';
import type { House, OpenHouse } from './house.ts';
import { checkForm } from './middleware/browser.ts';
import { readForm } from './middleware/forms.ts';
import { seeOther } from './see-other.ts';

/** `GET /contacts/confirm?token=…`. @throws {Refusal} `notice_over` */
export async function showContactConfirm(ctx: Context, house: OpenHouse): Promise<void> {
  const frame = frameOf(ctx, house);
  if (ctx.query.done !== undefined) return show(ctx, contactConfirmedPage(frame));
  const token = String(ctx.query.token ?? '');
  const { name, agency, role } = await loadAskedContact(ctx.state.db, house.secrets, token);
  const { language } = frame;
  showForm(ctx, contactConfirmPage({ ...frame, token, role, app: name[language], agency: agency[language] }));
}

/** `POST /contacts/confirm`. @throws {Refusal} `notice_over`, `csrf_mismatch` */
export async function answerContactConfirm(ctx: Context, house: OpenHouse): Promise<void> {
  const form = await readForm(ctx);
  checkForm(ctx, house.secrets, house.config.issuer, form.get('csrf'));
  await confirmContact(ctx.state.db, house.secrets, form.get('token'));
  seeOther(ctx, '/contacts/confirm?done=1');
}

/** Sends the link to a contact that is not confirmed, with the commit of the caller's unit. */
export function createAskContact({ config, secrets }: Pick<House, 'config' | 'secrets'>) {
  /** @returns false where the contact is confirmed already, or got a link a moment ago */
  return async (db: Db, contact: ContactKey): Promise<boolean> => {
    const { name, agency } = await loadContact(db, contact);
    const token = await askContact(db, secrets, contact);
    if (token === undefined) return false;
    const language = 'id';
    const context = {
      language,
      brand: config.brand,
      accountLink: `${config.issuer}/account`,
      channel: 'email',
    } as const;
    const confirmLink = `${config.issuer}/contacts/confirm?${new URLSearchParams({ token })}`;
    const said = { service: name[language], agency: agency[language], role: contact.role, confirmLink };
    await sendMessage(db, secrets, {
      kind: 'email',
      to: contact.email,
      language,
      ...contactConfirmMessage({ ...context, ...said }),
    });
    return true;
  };
}
