/** How long things live that more than the engine's configuration has to know, in seconds. */
const MINUTE = 60;

/** Tokens that are signed, or that say how long something signed may be used (a signed userinfo ends with the access token). */
export const tokenSeconds = { AccessToken: 10 * MINUTE, IdToken: 60 * MINUTE } as const;

/** How far clocks may differ. */
export const clockToleranceSeconds = 15;

/** How long a copy of `/jwks` may be kept before it is asked for again (`Cache-Control`). */
export const jwksCacheSeconds = 5 * MINUTE;
