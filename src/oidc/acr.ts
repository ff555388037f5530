/** How sure a sign-in was, as apps ask for it and are told: `acr` (OpenID Connect Core §2). */
import { type Held, isMet } from '#src/people/assurance.ts';
import { claimsParameterOf, type RequestParams, wordsOf } from './params.ts';

/** What apps may ask for. */
export const acrValues: readonly string[] = ['aal1', 'aal2', 'phr'];

/** What a request asks for. */
export interface AcrRequest {
  /** Most wanted first. */
  readonly wanted: readonly string[];
  /** Whether it cannot go on without one of them (OpenID Connect Core §5.5.1.1). */
  readonly isEssential: boolean;
}

/** Read from the parameters: the engine's own reading lets `acr_values` put out an essential claim. */
export function acrRequestOf(params: RequestParams): AcrRequest {
  const member = claimsParameterOf(params)?.id_token?.acr;
  const values: unknown[] = member?.value !== undefined ? [member.value] : [member?.values ?? []].flat();
  const wanted = values.filter((value) => typeof value === 'string');
  if (values.length > 0) return { wanted, isEssential: member?.essential === true };
  return { wanted: wordsOf(params.acr_values), isEssential: false };
}

/** Whether what a session holds meets one of the values. */
export function isAcrMet(held: Held, wanted: readonly string[]): boolean {
  return wanted.some((value) => isMet(held, value));
}

/**
 * What to tell the app: the first value it asked for that the session meets, never a stronger one nobody asked for;
 * what is held when it asked for nothing or for something not met.
 */
export function answerAcr(held: Held, { wanted }: AcrRequest): string | undefined {
  return wanted.find((value) => isMet(held, value)) ?? held.acr;
}
