/** What may be asked of `npm run bench` on its command line. */
import { parseArgs } from 'node:util';
import { experimentNames } from './experiments.ts';
import { comparisonNames } from './scenarios.ts';

/** The command line, read. */
export interface Options {
  readonly scenarios: readonly string[];
  /** Of each of the three rounds. */
  readonly seconds: number;
  readonly clients: number;
  readonly accounts: number;
  readonly consents: number;
  readonly concurrency: number;
  readonly out: string | undefined;
  readonly profile: boolean;
  readonly quietBare: boolean;
  /** Whether the bare library is given all clients for good, instead of finding them through its cache of 100. */
  readonly staticClients: boolean;
  readonly writeDocs: boolean;
}

/** The command line is not understood; the message says what to type instead. */
export class UsageError extends Error {
  override name = 'UsageError';
}

/** What `--help` and every refusal say. */
export const usage = `Usage: npm run bench -- [options]

  --scenario NAME[,NAME]  which to run; without it all of: ${comparisonNames.join(', ')}
                          only when named: ${experimentNames.join(', ')}
  --seconds N             length of a round; each has three per side (default 5)
  --concurrency N         flows at once (default 16)
  --clients N             apps, the same for both sides (default 1000)
  --accounts N            people in the database (default 10000)
  --consents N            consents in the database (default twice the accounts)
  --out FILE.json         also write every figure of every round
  --profile               write a .cpuprofile of the last round beside the JSON, and list the busiest functions
  --quiet-bare            leave out the bare library
  --static-clients        give it all clients for good, instead of letting it find them through its cache of 100
  --write-docs            put the table into docs/performance.md
`;

/** @throws {UsageError} */
export function readOptions(argv: readonly string[]): Options {
  const values = parse(argv);
  const clients = wholeNumber('clients', values.clients, 1000);
  const accounts = wholeNumber('accounts', values.accounts, 10_000);
  const consents = wholeNumber('consents', values.consents, Math.min(2, clients) * accounts);
  if (consents > accounts * clients) throw new UsageError('--consents: more than one for each account at each client');
  return {
    scenarios: readScenarios(values.scenario),
    seconds: positive('seconds', values.seconds, 5),
    concurrency: wholeNumber('concurrency', values.concurrency, 16),
    ...{ clients, accounts, consents },
    out: values.out,
    profile: values.profile ?? false,
    quietBare: values['quiet-bare'] ?? false,
    staticClients: values['static-clients'] ?? false,
    writeDocs: values['write-docs'] ?? false,
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        scenario: { type: 'string' },
        seconds: { type: 'string' },
        concurrency: { type: 'string' },
        clients: { type: 'string' },
        accounts: { type: 'string' },
        consents: { type: 'string' },
        out: { type: 'string' },
        profile: { type: 'boolean' },
        'quiet-bare': { type: 'boolean' },
        'static-clients': { type: 'boolean' },
        'write-docs': { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function readScenarios(given: string | undefined): readonly string[] {
  if (given === undefined) return comparisonNames;
  const names = given.split(',');
  const unknown = names.find((name) => !comparisonNames.includes(name) && !experimentNames.includes(name));
  if (unknown !== undefined) throw new UsageError(`--scenario: there is no "${unknown}"`);
  return names;
}

function positive(name: string, given: string | undefined, otherwise: number): number {
  const value = given === undefined ? otherwise : Number(given);
  if (!Number.isFinite(value) || value <= 0) throw new UsageError(`--${name}: expected a number above 0`);
  return value;
}

function wholeNumber(name: string, given: string | undefined, otherwise: number): number {
  const value = positive(name, given, otherwise);
  if (!Number.isInteger(value)) throw new UsageError(`--${name}: expected a whole number`);
  return value;
}
