/**
 * Carries messages out: e-mail by SMTP, text messages by the web address of a carrier.
 *
 * A message is claimed by moving its next attempt forward (a lease), sent without any transaction open, and then marked
 * as delivered. Whoever dies in between leaves it to be sent again after the lease, under the same Message-ID: at least
 * once, and once to everybody who looks at the id.
 *
 * A stop does not wait for the queue: nothing more is claimed, and what is still being sent after a few seconds is cut off
 * and left for another process.
 */
import { createTransport, type Transporter } from 'nodemailer';
import type { Config } from '#src/base/config.ts';
import type { Db } from '#src/base/database.ts';
import type { Log } from '#src/base/log.ts';
import { outboxWaiting } from '#src/base/metrics.ts';
import { repeat } from '#src/base/repeat.ts';
import type { Secrets } from '#src/base/secrets.ts';
import { openMessage, type SealedMessage } from '#src/people/messages.ts';
import { BATCH, type Claimed, claimDue, countWaiting, type Outcome, postpone, RANGE, settle } from './outbox-rows.ts';
import { shardRanges } from './shards.ts';

const EVERY_MS = 1_000;
/** What people read; notices to apps leave by themselves, so that no app keeps a person waiting (`app-notices.ts`). */
const channels = ['email', 'message'] as const;
const SEND_TIMEOUT_MS = 10_000;
/** How long sends under way may go on after a stop. */
const GRACE_MS = 3_000;

export interface Outbox {
  /** Claims nothing more, and ends within seconds however long the queue and however slow the receiving side. */
  stop(): Promise<void>;
  /** Delivers what is due now; how many were delivered. */
  deliverDue(): Promise<number>;
}

interface Job {
  readonly database: Db;
  readonly secrets: Secrets;
  readonly log: Log;
  readonly config: Pick<Config, 'mode' | 'sandboxPublic' | 'smtpUrl' | 'mailFrom' | 'messageWebhookUrl' | 'issuer'>;
}

/**
 * Starts the work. Several processes may run it on one database.
 *
 * @param options.graceMs how long sends under way may go on after a stop
 */
export function startOutbox(job: Job, options: { everyMs?: number; graceMs?: number } = {}): Outbox {
  const cutOff = new AbortController();
  const send = createSender(job, cutOff.signal);
  const { now, stop } = repeat('outbox', options.everyMs ?? EVERY_MS, job.log, (stopping) =>
    deliverAll(job, send.deliver, stopping),
  );
  return {
    deliverDue: now,
    async stop() {
      const grace = setTimeout(() => cutOff.abort(), options.graceMs ?? GRACE_MS);
      await stop();
      clearTimeout(grace);
      send.close();
    },
  };
}

type Deliver = (row: Claimed, message: SealedMessage) => Promise<Outcome>;

const LEFT_TO_LEASE = 'a message could not be handled and will be tried again';

async function deliverAll(job: Job, deliver: Deliver, stopping: AbortSignal): Promise<number> {
  let delivered = 0;
  for (const range of shardRanges(RANGE)) {
    while (!stopping.aborted) {
      const claimed = await claimDue(job.database, range, channels);
      const attempts = await Promise.allSettled(claimed.map((row) => attempt(job, deliver, row)));
      delivered += attempts.filter((each) => each.status === 'fulfilled' && each.value === 'delivered').length;
      for (const each of attempts) if (each.status === 'rejected') job.log.error({ err: each.reason }, LEFT_TO_LEASE);
      if (claimed.length < BATCH) break;
    }
  }
  if (!stopping.aborted) outboxWaiting.set(await countWaiting(job.database, channels));
  return delivered;
}

async function attempt(job: Job, deliver: Deliver, row: Claimed): Promise<Outcome> {
  const message = openMessage(job.secrets.wrap, row.id, row.sealed);
  const outcome = message.validUntil <= Date.now() ? 'never' : await deliver(row, message);
  if (outcome === 'later') await postpone(job.database, row);
  else await finish(job, row, outcome);
  if (outcome === 'never') job.log.warn({ message: row.id, attempts: row.attempts }, 'a message was given up');
  return outcome;
}

/** Outside a sandbox nothing of the message stays once it has left. */
function finish({ database, config }: Job, row: Claimed, outcome: Outcome): Promise<void> {
  return settle(database, row, outcome, config.mode === 'sandbox' ? row.sealed : Buffer.alloc(0));
}

/** The two ways out; `cutOff` ends what is under way, to be tried again. */
function createSender({ config, log }: Job, cutOff: AbortSignal): { deliver: Deliver; close(): void } {
  const mail = config.smtpUrl ? createMailer(config.smtpUrl) : undefined;
  const deliver: Deliver = async (row, message) => {
    const way = row.channel === 'email' ? mail : config.messageWebhookUrl;
    if (!way) return withoutWay(config, log, row);
    if (config.sandboxPublic && !message.to.endsWith('@contoh.id')) return 'never';
    try {
      if (typeof way === 'string') await postMessage(way, row.id, message, cutOff);
      else await sendMail(way, config, row.id, message, cutOff);
      return 'delivered';
    } catch (error) {
      const final = isFinal(error);
      log.warn({ message: row.id, attempts: row.attempts, cause: causeOf(error), final }, 'a message was not accepted');
      return final ? 'never' : 'later';
    }
  };
  return { deliver, close: () => mail?.close() };
}

/** A sandbox needs no mail server: its messages are read at `/sandbox/outbox`. */
function withoutWay(config: Job['config'], log: Log, row: Claimed): Outcome {
  if (config.mode === 'sandbox') return 'delivered';
  log.error({ message: row.id, channel: row.channel }, 'no way to send: set SMTP_URL or MESSAGE_WEBHOOK_URL');
  return 'later';
}

function createMailer(url: string): Transporter {
  return createTransport({
    url,
    pool: true,
    maxConnections: 5,
    connectionTimeout: SEND_TIMEOUT_MS,
    greetingTimeout: SEND_TIMEOUT_MS,
    socketTimeout: SEND_TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  } as Parameters<typeof createTransport>[0]);
}

async function sendMail(
  mail: Transporter,
  config: Job['config'],
  id: string,
  message: SealedMessage,
  cutOff: AbortSignal,
): Promise<void> {
  await mail.sendMail({
    from: config.mailFrom,
    to: { name: '', address: message.to },
    subject: message.subject,
    text: message.text,
    ...(message.html !== undefined && { html: message.html }),
    messageId: `<${id}@${new URL(config.issuer).hostname}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'Content-Language': message.language },
    signal: cutOff,
  });
}

/** The carrier's answer counts by its status alone; its body is never read. `Idempotency-Key` names the message. */
async function postMessage(url: string, id: string, { to, text }: SealedMessage, cutOff: AbortSignal): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', 'Idempotency-Key': id },
    body: JSON.stringify({ to, text }),
    redirect: 'error',
    signal: AbortSignal.any([cutOff, AbortSignal.timeout(SEND_TIMEOUT_MS)]),
  });
  await answer.body?.cancel();
  if (!answer.ok) throw new DeliveryError(answer.status);
}

/** The receiving side said no. */
class DeliveryError extends Error {
  override name = 'DeliveryError';
  readonly responseCode: number;

  constructor(responseCode: number) {
    super('the receiving side said no');
    this.responseCode = responseCode;
  }
}

function responseCode(error: unknown): number {
  return error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : 0;
}

/**
 * Whether trying again cannot help: SMTP's permanent refusals (RFC 5321 §4.2.1) and a carrier that rejects the request.
 * A wrong password of ours (SMTP 530, 535; HTTP 401, 403), too many requests and timeouts pass.
 */
function isFinal(error: unknown): boolean {
  const code = responseCode(error);
  if (error instanceof DeliveryError) return [400, 404, 410, 422].includes(code);
  return code >= 550 && code < 560;
}

/** What went wrong, by code: the text of a mail server may repeat the address. */
function causeOf(error: unknown): string {
  const name = error instanceof Error ? error.name : 'unknown';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return [name, code, responseCode(error) || ''].filter(Boolean).join(' ');
}
