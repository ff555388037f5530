import { diffChars } from 'diff';
import { type Html, html } from '../../html.ts';
import { formatMoment, type Language, type MessageKey, translate } from '../../locale.ts';
import { markDifference } from './diff.ts';
import { type AppState, sayState } from './state.ts';

const sentences = {
  redirect_uri_unknown: 'attempts.redirect-uri-unknown',
  redirect_uri_changed: 'attempts.redirect-uri-changed',
  pkce_missing: 'attempts.pkce-missing',
  pkce_method: 'attempts.pkce-method',
  verifier_missing: 'attempts.verifier-missing',
  verifier_wrong: 'attempts.verifier-wrong',
  audience_wrong: 'attempts.audience-wrong',
  clock_skew: 'attempts.clock-skew',
  key_unknown: 'attempts.key-unknown',
  signature_wrong: 'attempts.signature-wrong',
  assertion_used: 'attempts.assertion-used',
  secret_wrong: 'attempts.secret-wrong',
  secret_expired: 'attempts.secret-expired',
  method_wrong: 'attempts.method-wrong',
  code_expired: 'attempts.code-expired',
  code_used: 'attempts.code-used',
  code_unknown: 'attempts.code-unknown',
  scope_not_registered: 'attempts.scope-not-registered',
  client_stopped: 'attempts.client-stopped',
  refused: 'attempts.refused',
} as const satisfies Record<string, MessageKey>;

/** Why an attempt failed. */
export type AttemptCode = keyof typeof sentences;

/** An attempt that failed. Values are raw, and come from whoever made it. */
export type ShownAttempt = {
  id: string;
  at: Date;
  reference: string;
  code: AttemptCode;
  /** What was sent; shown beside what would have been right, with the characters that differ marked. */
  received?: string | undefined;
  /** What is registered, or would have been right. */
  registered?: readonly string[] | undefined;
  /** How far the app's clock is ahead; behind when negative. */
  seconds?: number | undefined;
  since?: Date | undefined;
  state?: AppState | undefined;
  /** The method that is registered. */
  expected?: string | undefined;
  /** The error and the sentence of the standard, where there is no better one. */
  error?: string | undefined;
  said?: string | undefined;
};

/** What went wrong and what to do about it. */
export function sayAttempt(language: Language, attempt: ShownAttempt, timeZone?: string): string {
  const { code, seconds = 0, since, state, expected = '', error = '', said = '' } = attempt;
  const t = translate(language);
  const isAhead = seconds > 0 ? 'yes' : 'no';
  return t(sentences[code], {
    ...{ seconds: Math.abs(seconds), isAhead, expected, error, said },
    since: since ? formatMoment(language, since, timeZone) : '',
    state: state ? sayState(language, state) : '',
  });
}

/** Both sides of what differs, received above and registered below; nothing where there is only one. */
export function comparison(
  language: Language,
  { received, registered }: Pick<ShownAttempt, 'received' | 'registered'>,
): Html | false {
  if (received === undefined || !registered) return false;
  const t = translate(language);
  const nearest = nearestTo(received, registered);
  if (nearest === undefined)
    return html`<dl class="compared"><dt>${t('attempts.received')}</dt><dd class="line line-gone"><code>${received}</code></dd></dl>`;
  const marked = markDifference(received, nearest);
  return html`<dl class="compared"><dt>${t('attempts.received')}</dt><dd class="line line-gone"><code>${marked.before}</code></dd>
<dt>${t('attempts.registered')}</dt><dd class="line line-new"><code>${marked.after}</code></dd></dl>`;
}

/** The one with which it shares the most. */
function nearestTo(received: string, registered: readonly string[]): string | undefined {
  const distances = registered.slice(0, 20).map((one) => {
    const parts = diffChars(received, one, { maxEditLength: 400 }) ?? [];
    const shared = parts.filter(({ added, removed }) => !added && !removed);
    return { one, shared: shared.reduce((sum, { value }) => sum + value.length, 0) };
  });
  return distances.sort((left, right) => right.shared - left.shared)[0]?.one;
}
