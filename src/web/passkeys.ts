/** What every page that makes or uses a passkey hands to `people/passkeys`. */
import type { Account } from '#src/people/accounts.ts';
import { newRegistrationOptions } from '#src/people/passkey-registration.ts';
import type { Site } from '#src/people/webauthn.ts';
import type { OpenHouse } from './house.ts';

/** Which site passkeys are for. */
export function siteOf({ config, makers }: OpenHouse): Site {
  return { rpId: config.rpId, origin: new URL(config.issuer).origin, makers };
}

/** What a device lists a passkey of this account under. */
export function namesOf({ id, profile }: Account): { accountId: string; accountName: string; displayName: string } {
  const accountName = profile.email ?? profile.phone_number ?? profile.name ?? '';
  return { accountId: id, accountName, displayName: profile.name ?? accountName };
}

/** Options for `navigator.credentials.create()`; `boundTo` is the interaction or the session that asks. */
export function newPasskeyOptions(
  { config, secrets }: OpenHouse,
  asked: ReturnType<typeof namesOf> & {
    boundTo: string;
    exclude?: readonly string[];
    wantsHardware?: boolean;
    isQuiet?: boolean;
  },
) {
  return newRegistrationOptions(secrets, { rpId: config.rpId, rpName: config.brand, ...asked });
}
