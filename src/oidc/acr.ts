/**
 * How sure a sign-in was, as apps ask for it and are told: `acr` (OpenID Connect Core §2) with our own scale
 * `aal1`, `aal2` and `phr` (phishing-resistant) of OpenID EAP ACR Values 1.0.
 */
import type { ClaimsParameter } from 'oidc-provider';

/** What apps may ask for. */
export const acrValues = ['aal1', 'aal2', 'phr'] as const;

/** What a session holds: reached by password or code alone, or by a passkey with user verification. */
export type HeldAcr = 'aal1' | 'aal2';

const satisfiedBy: Readonly<Record<HeldAcr, readonly string[]>> = {
  aal1: ['aal1'],
  aal2: ['aal1', 'aal2', 'phr'],
};

interface AcrRequest {
  readonly params?: { readonly acr_values?: unknown } | undefined;
  readonly claims?: ClaimsParameter | undefined;
}

/** The values a request asks for, most wanted first: the `claims` parameter before `acr_values`. */
export function requestedAcrs({ params, claims }: AcrRequest): string[] {
  const member = claims?.id_token?.acr;
  if (member?.value) return [member.value];
  if (Array.isArray(member?.values)) return [...member.values];
  return typeof params?.acr_values === 'string' ? params.acr_values.split(' ').filter(Boolean) : [];
}

/** Whether a request cannot go on without one of the values it asks for (OpenID Connect Core §5.5.1.1). */
export function isAcrEssential(claims: ClaimsParameter | undefined): boolean {
  return claims?.id_token?.acr?.essential === true;
}

/** Whether what a session holds meets one of the values. */
export function isAcrMet(held: string | undefined, wanted: readonly string[]): boolean {
  return wanted.some((value) => satisfiedBy[held as HeldAcr]?.includes(value));
}

/**
 * What to tell the app: the first value it asked for that the session meets, never a stronger one nobody asked for;
 * what is held when it asked for nothing or for something not met.
 */
export function answerAcr(held: string | undefined, wanted: readonly string[]): string | undefined {
  return wanted.find((value) => isAcrMet(held, [value])) ?? held;
}
