/** How sure a sign-in has to be, as apps ask for it and are told: `acr` (OpenID Connect Core §2). */
import { assuranceValues, type Held, isMet } from '#src/people/assurance.ts';
import type { Makers } from '#src/people/makers.ts';
import type { ClientRecord } from '#src/registry/clients.ts';
import { claimsParameterOf, type RequestParams, wordsOf } from './params.ts';

/** What somebody here can reach: where no maker vouches for hardware, nobody reaches what takes it. */
export function offeredAcrValues({ areKnown }: Pick<Makers, 'areKnown'>): readonly string[] {
  return assuranceValues.filter((value) => areKnown || (value !== 'aal3' && value !== 'phrh'));
}

/** What a request asks for. */
interface AcrRequest {
  /** Most wanted first. */
  readonly wanted: readonly string[];
  /** Whether it cannot go on without one of them (OpenID Connect Core §5.5.1.1). */
  readonly isEssential: boolean;
}

/** Read from the parameters: the engine's own reading lets `acr_values` put out an essential claim. */
function acrRequestOf(params: RequestParams): AcrRequest {
  const member = claimsParameterOf(params)?.id_token?.acr;
  const values: unknown[] = member?.value !== undefined ? [member.value] : [member?.values ?? []].flat();
  const wanted = values.filter((value) => typeof value === 'string');
  if (values.length > 0) return { wanted, isEssential: member?.essential === true };
  return { wanted: wordsOf(params.acr_values), isEssential: false };
}

/** What an app demands of a sign-in, by its registration and by one request. */
export interface Demand {
  /** Of each of these one value has to be met, or there is no answer. */
  readonly needed: readonly (readonly string[])[];
  /** One of these would be better. */
  readonly wished: readonly string[];
}

/** What the registration insists on, and what the request insists on or wishes. */
export function demandOf(
  { minAuthentication }: Pick<ClientRecord, 'minAuthentication'>,
  params: RequestParams,
): Demand {
  const { wanted, isEssential } = acrRequestOf(params);
  const minimum = [minAuthentication];
  return isEssential ? { needed: [minimum, wanted], wished: [] } : { needed: [minimum], wished: wanted };
}

export type Lack = 'needed' | 'wished';

/** What a sign-in lacks of a demand; undefined when it meets all of it. */
export function lackOf(held: Held, { needed, wished }: Demand): Lack | undefined {
  if (needed.some((values) => !isOneMet(held, values))) return 'needed';
  return wished.length > 0 && !isOneMet(held, wished) ? 'wished' : undefined;
}

/** Whether a sign-in would lack less than one that lacks this. */
export function isBetter(held: Held, demand: Demand, lack: Lack): boolean {
  const left = lackOf(held, demand);
  return left === undefined || (lack === 'needed' && left === 'wished');
}

function isOneMet(held: Held, values: readonly string[]): boolean {
  return values.some((value) => isMet(held, value));
}

/**
 * What to tell the app: the first value it asked for that the session meets, never a stronger one nobody asked for;
 * what is held when it asked for nothing or for something not met.
 */
export function answerAcr(held: Held, params: RequestParams): string | undefined {
  return acrRequestOf(params).wanted.find((value) => isMet(held, value)) ?? held.acr;
}
