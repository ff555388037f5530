/**
 * What a sign-in leaves behind: the account knows the browser, its session says which one it is in, and its owner hears of
 * one that the account has not known.
 */
import { readPerson } from '#src/oidc/storage/person-of-app.ts';
import type { About, Trail } from '#src/oidc/trails.ts';
import { rememberDevice } from '#src/people/devices.ts';
import { newDeviceMessage } from '#views/messages.ts';
import { sayBrowser } from '#views/parts/browser.ts';
import { aboutBrowser } from './about-browser.ts';
import { keepDevice } from './device.ts';
import type { Visit } from './interaction-pages.ts';
import { notifyContacts } from './messages.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/**
 * Call it once a person has proven who they are. On a device that others use no browser is remembered, so every sign-in
 * there is told, at most once a day for one place.
 */
export async function leaveTrail(visit: Visit, accountId: string): Promise<Trail> {
  const { ctx, interaction } = visit;
  const about = aboutBrowser(ctx);
  const device = interaction.isShared ? undefined : keepDevice(ctx, visit.house);
  const was = device ? await rememberDevice(visit.db, accountId, device) : 'new';
  if (was !== 'known' && !(await isBeginning(visit, accountId, was))) await tellOwner(visit, accountId, about);
  return { about, ...(device && { device: device.toString('base64url') }) };
}

/** Whoever has just opened the account knows where they did it. */
async function isBeginning(
  { house, db, interaction }: Visit,
  accountId: string,
  was: 'new' | 'first',
): Promise<boolean> {
  if (was === 'new' && !interaction.isShared) return false;
  const { account } = await readPerson(house, db, accountId, interaction.client);
  return account !== undefined && Date.now() - account.createdAt.getTime() < HOUR;
}

/** Two tabs of a new browser that sign in at once are two browsers to us, and one sign-in to its owner. */
async function tellOwner({ house, db, interaction }: Visit, accountId: string, about: About): Promise<void> {
  const { browser, system, network } = about;
  const window = Math.floor(Date.now() / (interaction.isShared ? 24 * HOUR : 10 * MINUTE));
  const cause = JSON.stringify(['new-device', browser, system, network, interaction.isShared, window]);
  const device = sayBrowser(about);
  await notifyContacts(house, db, accountId, (context) => newDeviceMessage({ ...context, device, network }), {
    cause,
  });
}
