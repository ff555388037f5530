import { randomBytes } from 'node:crypto';
import type { Logout } from './back-channel.ts';
import type { Attempt, Person, Tokens } from './sign-in.ts';

/** What a visitor is told on the front page after something ended without them having asked. */
export type Notice = 'refused' | 'signed-out-elsewhere' | 'permission-ended' | 'session-ended';

/** One browser at this app. */
export interface Session {
  readonly id: string;
  readonly begun: number;
  /** Sign-ins on their way, by `state`: one per tab. */
  readonly attempts: Map<string, Attempt>;
  tokens?: Tokens;
  /** What the provider last said; undefined until the tokens were accepted once. */
  person?: Person;
  /** Whose it was until the provider ended it: another word about the same end may say more. */
  endedOf?: string;
  notice?: Notice;
}

const LIFETIME = 8 * 60 * 60 * 1000;
const MOST_SESSIONS = 10_000;
const MOST_ATTEMPTS = 10;

/** Sessions in memory: enough for an example. A real app keeps them where all its processes and a restart find them. */
export class Sessions {
  readonly #sessions = new Map<string, Session>();

  /** `attempts`: what other tabs of the same browser have begun and will still finish. */
  begin(attempts: Session['attempts'] = new Map()): Session {
    const session = { id: randomBytes(32).toString('base64url'), begun: Date.now(), attempts };
    this.#sessions.set(session.id, session);
    dropOldest(this.#sessions, MOST_SESSIONS);
    return session;
  }

  find(id: string | undefined): Session | undefined {
    const session = id === undefined ? undefined : this.#sessions.get(id);
    if (!session || session.begun + LIFETIME > Date.now()) return session;
    this.end(session);
    return undefined;
  }

  end(session: Session | undefined): void {
    if (session) this.#sessions.delete(session.id);
  }

  /** Signs out where the provider says so; the browser keeps an id that opens nothing, and is told why when it comes. */
  signOut({ subject, sid }: Logout): void {
    for (const session of this.#sessions.values()) {
      const { tokens } = session;
      if (!tokens || (subject !== undefined && subject !== tokens.subject)) continue;
      if (sid !== undefined && sid !== tokens.sid) continue;
      session.endedOf = tokens.subject;
      session.notice = 'signed-out-elsewhere';
      delete session.tokens;
      delete session.person;
    }
  }

  /** Says more about why somebody was signed out. */
  explain(subject: string, notice: Notice): void {
    for (const session of this.#sessions.values()) if (session.endedOf === subject) session.notice = notice;
  }
}

/** Remembers a sign-in until the browser is back. */
export function keepAttempt(session: Session, attempt: Attempt): void {
  session.attempts.set(attempt.state, attempt);
  dropOldest(session.attempts, MOST_ATTEMPTS);
}

/** The sign-in that a callback belongs to. Once: the same callback a second time finds nothing. */
export function takeAttempt(session: Session | undefined, state: string | null): Attempt | undefined {
  const attempt = session?.attempts.get(state ?? '');
  if (attempt) session?.attempts.delete(attempt.state);
  return attempt;
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) return;
    map.delete(key);
  }
}
