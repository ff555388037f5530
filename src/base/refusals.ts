/**
 * Every "no" that a person may read, in one table: code → HTTP status → sentence and next step in every language.
 *
 * The code is language-neutral and stable: outsiders see it in `#error-code`, in problem documents and in the docs
 * (`docs/errors.md`, printed from this table). A missing sentence is a compile error. The sentences stand in `refusals/`,
 * a file for each subject and in it by the alphabet; no code stands in two of them.
 */
import { accountRefusals } from './refusals/account.ts';
import { agencyRefusals } from './refusals/agencies.ts';
import { appRefusals } from './refusals/apps.ts';
import { coordinationRefusals } from './refusals/coordination.ts';
import type { Language, RefusalEntry, Sentences } from './refusals/entry.ts';
import { inventoryRefusals } from './refusals/inventory.ts';
import { requestRefusals } from './refusals/requests.ts';
import { signInRefusals } from './refusals/sign-in.ts';

export type { Language };

const table = {
  ...requestRefusals,
  ...signInRefusals,
  ...accountRefusals,
  ...agencyRefusals,
  ...appRefusals,
  ...coordinationRefusals,
  ...inventoryRefusals,
} satisfies Record<string, RefusalEntry>;

/** A stable, language-neutral code of a refusal. */
export type RefusalCode = keyof typeof table;

/** The whole table, for the reference page and its test. */
export const refusals: Readonly<Record<RefusalCode, RefusalEntry>> = table;

/** One mistake in what a program has sent. */
export interface RefusedContent {
  /** Where: a JSON pointer into the body (RFC 6901), or the name of a parameter. */
  readonly pointer: string;
  readonly detail: string;
  readonly expected: string;
}

/** A "no" with a reason that a person may read. Thrown anywhere; one place turns it into a page or a problem document. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;
  readonly status: number;
  /** Seconds after which trying again makes sense; becomes `Retry-After`. */
  readonly retryAfter: number | undefined;
  /** What is wrong where, in what a program has sent. */
  readonly findings: readonly RefusedContent[] | undefined;
  /** What a problem document says beside it (RFC 9457 §3.2). */
  readonly members: Readonly<Record<string, unknown>> | undefined;
  /** Seconds that a person's clock is ahead of ours (negative: behind), for a page to say. */
  readonly clockOff: number | undefined;

  /** `reason` is for the log only: no personal value, no secret. */
  constructor(
    code: RefusalCode,
    reason?: string,
    options: {
      retryAfter?: number;
      clockOff?: number;
      findings?: readonly RefusedContent[];
      members?: Readonly<Record<string, unknown>>;
      cause?: unknown;
    } = {},
  ) {
    super(reason ?? code, { cause: options.cause });
    this.code = code;
    this.status = table[code].status;
    this.retryAfter = options.retryAfter ?? (this.status === 503 ? 2 : undefined);
    this.clockOff = options.clockOff;
    this.findings = options.findings;
    this.members = options.members;
  }

  /** The sentence and the next step in one language. */
  in(language: Language): Sentences {
    return table[this.code][language];
  }
}
