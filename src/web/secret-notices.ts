/** What those who run an app are told of the end of its secrets: its agency's developers, and its confirmed technical contacts. */
import type { Db } from '#src/base/database.ts';
import { sendMessage } from '#src/people/messages.ts';
import { listConfirmedContacts } from '#src/registry/client-contacts.ts';
import type { DueWarning } from '#src/registry/client-secrets.ts';
import { secretEndMessage } from '#views/credential-messages.ts';
import type { MessageContext } from '#views/messages.ts';
import { createTellAgency } from './agency-notices.ts';
import type { House } from './house.ts';

/** Tells them once for each step, with the commit of the caller's unit. */
export function createTellSecretEnd(house: Pick<House, 'config' | 'secrets'>) {
  const tellAgency = createTellAgency(house);
  const { config, secrets } = house;
  return async (db: Db, warning: DueWarning): Promise<void> => {
    const keysLink = `${config.issuer}/console/apps/${warning.clientId}/keys`;
    const compose = (context: MessageContext) =>
      secretEndMessage({ ...context, ...warning, service: warning.name[context.language], keysLink });
    const cause = `secret ${warning.secretId} ${warning.days}`;
    await tellAgency(db, warning.agencyId, 'developers', compose, { cause });
    for (const { email } of await listConfirmedContacts(db, warning.clientId, 'technical')) {
      const context = {
        language: 'id',
        brand: config.brand,
        accountLink: `${config.issuer}/account`,
        channel: 'email',
      } as const;
      await sendMessage(db, secrets, { kind: 'email', to: email, language: 'id', cause, ...compose(context) });
    }
  };
}
