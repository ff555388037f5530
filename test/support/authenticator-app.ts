/** A phone with an authenticator app that an account has set up. */
import { Secret, TOTP } from 'otpauth';
import { createThrottles } from '#src/people/throttles.ts';
import { beginTotp, confirmTotp, findTotpSetUp } from '#src/people/totp.ts';
import type { World } from './world.ts';

export interface AuthenticatorApp {
  /** A code that was not shown before: of the next half minute each time, as far as clocks may differ. */
  show(): string;
  /** What it shows when the phone's clock is so many seconds off. */
  showAt(off: number): string;
}

/** Sets one up, as its owner does on the account page. */
export async function setUpApp({ house }: World, accountId: string): Promise<AuthenticatorApp> {
  const { database, secrets } = house;
  const setUp = { accountId, boundTo: 'session' };
  await beginTotp(database, secrets, setUp);
  const secret = await findTotpSetUp(database, secrets, setUp);
  const app = new TOTP({ secret: Secret.fromBase32(secret ?? '') });
  const showAt = (off: number) => app.generate({ timestamp: Date.now() + off * 1000 });
  const throttles = createThrottles(database, secrets, { enabled: false });
  await confirmTotp(database, secrets, throttles, { ...setUp, code: showAt(-60), network: '127.0.0.1' });
  let shown = -60;
  return {
    showAt,
    show() {
      shown += 30;
      return showAt(shown);
    },
  };
}
