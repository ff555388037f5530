/** What the races share: many at once and how each ended; citizens who sign in without the slow password. */
import { addPasskey, newRegistrationOptions } from '#src/people/passkey-registration.ts';
import { SoftwareAuthenticator } from '#test/support/authenticator.ts';
import type { Page } from '#test/support/page.ts';
import { allow, type World } from '#test/support/world.ts';

/** Starts `count` attempts at the same moment. @returns what the winners got and what the losers threw */
export async function race<T>(
  count: number,
  attempt: (i: number) => Promise<T>,
): Promise<{ won: T[]; lost: unknown[] }> {
  const outcomes = await Promise.allSettled(Array.from({ length: count }, (_, i) => attempt(i)));
  return {
    won: outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : [])),
    lost: outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : [])),
  };
}

/** The refusals of a race, each once. */
export function kindsOf(lost: readonly unknown[]): string[] {
  const kind = (error: unknown) => {
    const { status, error: code, cause } = error as { status?: number; error?: string; cause?: unknown };
    const challenge = Array.isArray(cause) ? cause[0]?.parameters?.error : undefined;
    return status === undefined ? String(error) : `${status} ${code ?? challenge}`;
  };
  return [...new Set(lost.map(kind))].sort();
}

/** Works through `items`, `width` at a time. */
export async function atATime<T>(width: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const lane = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** Somebody with a passkey and no password. */
export interface Citizen {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly device: SoftwareAuthenticator;
}

/** A citizen who has made a passkey before. */
export async function passkeyCitizen(world: World, email: string, name = 'Warga Uji'): Promise<Citizen> {
  const id = await world.citizen(email, { name });
  // Synchronised passkeys do not count, so one person may use theirs in several tabs at once.
  const device = new SoftwareAuthenticator({ synced: true });
  await enrol(world, id, device);
  return { id, email, name, device };
}

/** Gives an account a passkey on `device`, past the pages. */
export async function enrol({ house, database, issuer }: World, accountId: string, device: SoftwareAuthenticator) {
  const { rpId, brand } = house.config;
  const boundTo = 'test';
  const options = await newRegistrationOptions(house.secrets, {
    rpId,
    rpName: brand,
    accountId,
    accountName: accountId,
    displayName: 'Warga',
    boundTo,
  });
  const credential = JSON.stringify(device.create(options, { origin: issuer }));
  await database.transaction((tx) =>
    addPasskey(tx, house.secrets, { rpId, origin: issuer, boundTo, accountId, credential }),
  );
}

/** Presses the passkey button of a sign-in page, and allows what is asked if something is. */
export async function signInByPasskey(page: Page, device: SoftwareAuthenticator): Promise<Page> {
  const credential = device.get(page.json('#passkey-options'), { origin: page.url.origin });
  return allow(await page.fill({ credential: JSON.stringify(credential) }).press('#passkey'));
}
