/** Rows that may wait: written a second or a minute later, those of all requests together, and lost with the process. */
import { compose, type Pending, type Row, type Write } from './coalescing.ts';
import { DatabaseUnavailable, isRetryable } from './database-errors.ts';
import { commitsTotal } from './metrics.ts';

export interface SoonOptions {
  /** Whether a minute is soon enough. */
  readonly isPatient?: boolean;
}

/** How long a row may wait, and where a minute is soon enough; and how many one statement takes. */
const SOON_MS = 1_000;
const PATIENT_MS = 60_000;
const BATCH = 500;

interface Waiting {
  readonly write: Write;
  readonly row: Row | (() => Row);
  readonly tried: () => void;
}

export interface SoonQueueOptions {
  readonly send: (text: string, values: readonly unknown[]) => Promise<unknown>;
  /** Whether a statement may name one shard only. */
  readonly isDistributed: boolean;
  /** Hears of rows that were lost; nobody else does. */
  readonly onError: (error: Error) => void;
}

/** The rows of one process that wait. Its timers do not keep the process alive: whoever ends it settles first. */
export class SoonQueue {
  readonly #options: SoonQueueOptions;
  #soon: Waiting[] = [];
  #patient: Waiting[] = [];
  #timer: NodeJS.Timeout | undefined;
  #patientTimer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(options: SoonQueueOptions) {
    this.#options = options;
  }

  /** @returns when it was tried; never rejects */
  add(write: Write, row: Row | (() => Row), { isPatient = false }: SoonOptions = {}): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    (isPatient ? this.#patient : this.#soon).push({ write, row, tried: resolve });
    if (isPatient) this.#patientTimer ??= setTimeout(() => void this.settle(), PATIENT_MS).unref();
    else this.#timer ??= setTimeout(() => void this.#settleSoon(), SOON_MS).unref();
    return promise;
  }

  /** Writes now all that waits; what is being written already is awaited as well. */
  settle(): Promise<void> {
    clearTimeout(this.#patientTimer);
    this.#patientTimer = undefined;
    this.#soon.push(...this.#patient.splice(0));
    return this.#settleSoon();
  }

  #settleSoon(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async #write(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#soon.length > 0) {
      const batch = this.#soon.splice(0, this.#options.isDistributed ? 1 : BATCH);
      await this.#send(batch.map(({ write, row }) => ({ write, row: typeof row === 'function' ? row() : row })));
      for (const { tried } of batch) tried();
    }
  }

  /** Where one row's fault, or a lock, keeps all from being written each is tried by itself; an outage takes all. */
  async #send(rows: readonly Pending[]): Promise<void> {
    const { send, isDistributed, onError } = this.#options;
    const { text, values } = compose(rows, { guarded: false, distributed: isDistributed });
    try {
      await send(text, values);
      commitsTotal.inc();
    } catch (cause) {
      const isOutage = cause instanceof DatabaseUnavailable && !isRetryable(cause);
      if (rows.length === 1 || isOutage) onError(new Error('rows that could wait were not written', { cause }));
      else for (const row of rows) await this.#send([row]);
    }
  }
}
