/** How long things live that more than the engine's configuration has to know, in seconds. */
import type { SessionLimit, SessionLimits } from '#src/base/session-limits.ts';

const MINUTE = 60;

/** Tokens that are signed, or that say how long something signed may be used (a signed userinfo ends with the access token). */
export const tokenSeconds = { AccessToken: 10 * MINUTE, IdToken: 60 * MINUTE } as const;

/** How far clocks may differ. */
export const clockToleranceSeconds = 15;

/** How long a copy of `/jwks` may be kept before it is asked for again (`Cache-Control`). */
export const jwksCacheSeconds = 5 * MINUTE;

/** What decides how long a session lives. `transient`: it is on a device that others use too. */
interface SessionKind {
  readonly acr?: string | undefined;
  readonly transient?: boolean | undefined;
}

/** How long a session lives by the assurance of its last sign-in, and never longer than a shared device allows. */
export function limitOf(limits: SessionLimits, { acr, transient }: SessionKind): SessionLimit {
  const own = acr === 'aal2' || acr === 'aal3' ? limits[acr] : limits.aal1;
  if (!transient) return own;
  const { shared } = limits;
  return { idle: Math.min(own.idle, shared.idle), absolute: Math.min(own.absolute, shared.absolute) };
}
