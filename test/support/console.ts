/**
 * Somebody who works for an agency, and their browser on the console, signed in there by the way of everybody: with a
 * passkey. `const budi = await colleague(world, 'budi@dinkes.contoh.go.id', { 'dinas-kesehatan': ['owner'] })`.
 */
import { grantMembership, type Role } from '#src/people/memberships.ts';
import { type Citizen, passkeyCitizen, signInByPasskey } from '#test/races/crowd.ts';
import type { BrowserAgent, BrowserOptions } from './browser-agent.ts';
import type { Page } from './page.ts';
import type { World } from './world.ts';

/** Roles by the agency's id. */
export type Held = Readonly<Record<string, readonly Role[]>>;

/** A person with a passkey and these roles. */
export async function colleague(world: World, email: string, held: Held, name?: string): Promise<Citizen> {
  const citizen = await passkeyCitizen(world, email, name);
  for (const [agencyId, roles] of Object.entries(held))
    for (const role of roles)
      await grantMembership(world.database, { accountId: citizen.id, agencyId, role }, 'command');
  return citizen;
}

/** A browser of theirs that is signed in on the console, at one of its pages. */
export async function openConsole(
  world: World,
  { device }: Pick<Citizen, 'device'>,
  options: BrowserOptions & { readonly at?: string } = {},
): Promise<{ readonly browser: BrowserAgent; readonly page: Page }> {
  const browser = world.browser(options);
  const page = await signInByPasskey(await browser.visit(`${world.issuer}${options.at ?? '/console'}`), device);
  return { browser, page };
}
