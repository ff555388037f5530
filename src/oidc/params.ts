/** Parameters of an authorization request, as the engine keeps them. */
import type { ClaimsParameter } from 'oidc-provider';

export type RequestParams = Readonly<Record<string, unknown>>;

/** The `claims` parameter (OpenID Connect Core §5.5), which the engine has checked to be JSON of that shape. */
export function claimsParameterOf({ claims }: RequestParams): ClaimsParameter | undefined {
  return typeof claims === 'string' ? JSON.parse(claims) : undefined;
}

/** A parameter of words with spaces between them. */
export function wordsOf(parameter: unknown): string[] {
  return String(parameter ?? '')
    .split(' ')
    .filter(Boolean);
}
