/** What a command of `lawang` consists of. */
import type { ParseArgsOptionsConfig } from 'node:util';
import type { Terminal } from '../main.ts';

/** What a command gets. */
export interface Call {
  /** What was given behind the command's name. */
  readonly operands: readonly string[];
  readonly options: Readonly<Record<string, string | boolean | undefined>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  /** Says what is being done; silent with `--json`. */
  readonly progress: (line: string) => void;
}

/** What was typed is not what the command can take. Answered with its sentence, the usage, and exit code 2. */
export class WrongInput extends Error {
  override name = 'WrongInput';
}

/** The command has no place here; the message is a sentence for whoever typed it. */
export class OutOfPlace extends Error {
  override name = 'OutOfPlace';
}

/** What a command answers: `data` is printed with `--json`, `text` without it. */
export interface Report {
  readonly data: unknown;
  readonly text: string;
  /** Each goes to standard error (without `--json`), and the exit code is 1 when there is one. */
  readonly problems?: readonly string[];
}

export interface Command {
  /** Operands and options as usage shows them. */
  readonly usage: string;
  readonly summary: string;
  /** How many operands it takes; none by default. */
  readonly operands?: { readonly min: number; readonly max: number };
  readonly options?: ParseArgsOptionsConfig;
  /** Whether it prints data and so knows `--json`; true by default. */
  readonly printsData?: boolean;
  run(call: Call): Promise<Report | undefined>;
}
