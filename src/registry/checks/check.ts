/** What a check of an app is, and what it finds. */
import type { Db } from '#src/base/database.ts';
import type { ClientRecord } from '../clients.ts';
import type { Lookout } from './lookout.ts';

/** In the order in which they are shown. */
export const checkNames = [
  'addresses',
  'hosts',
  'takeover',
  'home',
  'privacy',
  'credentials',
  'notices',
  'sign-in',
  'contacts',
  'purposes',
  'overlap',
] as const;
export type CheckName = (typeof checkNames)[number];

/** Everything that can be wrong. Each has a sentence on the page (`views/console/parts/checks.ts`). */
const problemCodes = [
  'address_not_https',
  'address_wrong',
  'host_unknown',
  'host_unresolved',
  'host_inside',
  'host_silent',
  'host_dangling',
  'host_unclaimed',
  'certificate_wrong',
  'certificate_ends',
  'page_missing',
  'page_silent',
  'page_status',
  'notices_silent',
  'notices_status',
  'notices_forged',
  'keys_silent',
  'keys_unreadable',
  'keys_weak',
  'secret_missing',
  'secret_ends',
  'sign_in_missing',
  'sign_in_old',
  'sign_in_without_state',
  'sign_in_without_nonce',
  'sign_in_without_pkce',
  'contact_missing',
  'contact_unconfirmed',
  'law_missing',
  'purpose_missing',
  'overlap_unjustified',
  'overlap_open',
  'overlap_refused',
] as const;
export type ProblemCode = (typeof problemCodes)[number];

/** One thing that is wrong, and with what. Values may come from strangers: they are shown, never followed. */
export interface CheckProblem {
  readonly code: ProblemCode;
  /** The address, host, claim or contact role that it is about. */
  readonly about?: string;
  /** A status, a kind of hosting, the name behind a name. */
  readonly said?: string;
  readonly at?: string;
}

export interface Finding {
  readonly name: CheckName;
  /** `skipped`: there is nothing of the kind to be checked. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly problems: readonly CheckProblem[];
}

/** What checks work with. Nothing of it holds a connection to the database while a request is on its way. */
export interface CheckTools {
  readonly db: Db;
  readonly lookout: Lookout;
  readonly now: Date;
  /** By whom apps are told, as they know it. */
  readonly issuer: string;
}

/** Finds everything that is wrong; undefined where there is nothing to be checked. */
export type Check = (client: ClientRecord, tools: CheckTools) => Promise<readonly CheckProblem[] | undefined>;
