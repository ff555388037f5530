/** The engine's errors as refusals of this house, for the pages that a person may see. */
import { errors } from 'oidc-provider';
import { DatabaseUnavailable } from '#src/base/database.ts';
import { Refusal, type RefusalCode } from '#src/base/refusals.ts';

const codes: readonly (readonly [new (...args: never[]) => Error, RefusalCode])[] = [
  [errors.InvalidRedirectUri, 'redirect_uri_mismatch'],
  [errors.InvalidClient, 'client_not_found'],
  [errors.SessionNotFound, 'interaction_expired'],
];

/** The refusal that says what an error of the engine means to a person; the error itself when it is a fault of ours. */
export function refusalOf(error: Error): Error {
  if (error instanceof Refusal || error instanceof DatabaseUnavailable) return error;
  const known = codes.find(([kind]) => error instanceof kind);
  if (known) return new Refusal(known[1], error.message, { cause: error });
  if (error instanceof errors.InvalidRequest && error.error_description === 'xsrf token invalid') {
    return new Refusal('csrf_mismatch', 'the token is not of this session', { cause: error });
  }
  if (error instanceof errors.OIDCProviderError && error.statusCode < 500) {
    return new Refusal('invalid_request', [error.error, error.error_description].filter(Boolean).join(': '), {
      cause: error,
    });
  }
  return error;
}
