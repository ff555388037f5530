/** What an app tried and we refused, as pages show it to its developers. */
import type { Attempt } from '#src/registry/attempts.ts';
import type { ShownAttempt } from '#views/console/parts/attempts.ts';
import type { AppState } from '#views/console/parts/state.ts';

/** An attempt as pages name it. */
export function shownAttempt({ id, at, reference, failure }: Attempt): ShownAttempt {
  const known = { id, at, reference };
  switch (failure.code) {
    case 'audience_wrong':
      return { ...known, code: failure.code, received: failure.received, registered: [failure.expected] };
    case 'pkce_method':
      return { ...known, code: failure.code };
    case 'secret_expired':
      return { ...known, code: failure.code, since: new Date(failure.since) };
    case 'client_stopped':
      return { ...known, code: failure.code, state: failure.state as AppState };
    default:
      return { ...known, ...failure };
  }
}
