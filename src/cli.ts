/**
 * The commands: `lawang <noun> <verb>`. Thin: a command reads what was typed, calls the rooms and prints.
 *
 * Data goes to standard output (as JSON with `--json`), errors to standard error with exit code 1; what was typed wrongly
 * gets the usage of its command and exit code 2.
 */
import { parseArgs } from 'node:util';
import { disableOne, enableOne, freezeOne, proveOne, showAccount, unfreezeOne } from './cli/accounts.ts';
import { inviteAdmin, listAdmins, restoreAdmin } from './cli/admins.ts';
import { applyAgencies, exportAgencies, showAgencies, showAgency, validateAgencies } from './cli/agencies.ts';
import { classifyApps } from './cli/classify.ts';
import { exportClients, planClients, resumeOne, suspendOne } from './cli/client-changes.ts';
import { endClientSecret, listClientSecrets, makeClientKey, rotateClientSecret } from './cli/client-credentials.ts';
import { migrateOne } from './cli/client-migration.ts';
import { applyClients, showClient, showClients, validateClients } from './cli/clients.ts';
import { type Call, type Command, type Report, WrongInput } from './cli/command.ts';
import { showCoverage } from './cli/coverage.ts';
import { doctor } from './cli/doctor.ts';
import { findDuplicates } from './cli/duplicates.ts';
import {
  exportInventory,
  importInventory,
  linkInventory,
  listInventory,
  matchInventory,
  showInventory,
} from './cli/inventory.ts';
import { revokeOneKey, rotateKey, rotateMasterKey, showKeys } from './cli/keys.ts';
import { runMigrations, showMigrations } from './cli/migrate.ts';
import { keepPartitions } from './cli/partitions.ts';
import { verifyReceiptFile } from './cli/receipts.ts';
import { printDocs } from './cli/reference.ts';
import { seedSandbox } from './cli/seed.ts';
import { sentenceFor } from './cli/sentences.ts';
import { endSomeSessions } from './cli/sessions.ts';
import { checkConfig, showConfig } from './cli/settings.ts';
import { findNearest, toTable } from './cli/text.ts';
import { exitWith, readEnvironment, serve, terminal } from './main.ts';

const commands: Readonly<Record<string, Command>> = {
  serve: {
    usage: '',
    summary: 'start the server',
    printsData: false,
    run: async () => {
      await serve();
      return undefined;
    },
  },
  migrate: runMigrations,
  'migrate status': showMigrations,
  partitions: keepPartitions,
  doctor,
  config: showConfig,
  'config check': checkConfig,
  'clients validate': validateClients,
  'clients apply': applyClients,
  'clients plan': planClients,
  'clients export': exportClients,
  'clients migration': migrateOne,
  'clients suspend': suspendOne,
  'clients resume': resumeOne,
  'clients list': showClients,
  'clients show': showClient,
  'clients secrets': listClientSecrets,
  'clients rotate-secret': rotateClientSecret,
  'clients end-secret': endClientSecret,
  'clients make-key': makeClientKey,
  'agencies list': showAgencies,
  'agencies show': showAgency,
  'agencies validate': validateAgencies,
  'agencies apply': applyAgencies,
  'agencies export': exportAgencies,
  'inventory import': importInventory,
  'inventory export': exportInventory,
  'inventory list': listInventory,
  'inventory show': showInventory,
  'inventory match': matchInventory,
  'inventory link': linkInventory,
  'inventory classify': classifyApps,
  'admins invite': inviteAdmin,
  'admins list': listAdmins,
  'admins restore': restoreAdmin,
  'keys list': showKeys,
  'keys rotate': rotateKey,
  'keys revoke': revokeOneKey,
  'keys rotate-master': rotateMasterKey,
  'sessions end': endSomeSessions,
  'receipts verify': verifyReceiptFile,
  'accounts show': showAccount,
  'accounts disable': disableOne,
  'accounts enable': enableOne,
  'accounts freeze': freezeOne,
  'accounts unfreeze': unfreezeOne,
  'accounts prove': proveOne,
  'inventory coverage': showCoverage,
  'inventory duplicates': findDuplicates,
  seed: seedSandbox,
  docs: printDocs,
};

/** Where a command reads and writes. */
export type Surroundings = Pick<Call, 'environment' | 'terminal'>;

/** Runs what was typed behind `lawang` and leaves the exit code to the process. */
export async function run(args: readonly string[]): Promise<void> {
  exitWith(await execute(args, { environment: readEnvironment(), terminal }));
}

/** What was typed is not a command; `help` is the usage to show. */
class UsageError extends Error {
  override name = 'UsageError';
  readonly help: string;

  constructor(sentence: string, help: string) {
    super(sentence);
    this.help = help;
  }
}

/** @returns the exit code: 0 done, 1 not done, 2 typed wrongly */
export async function execute(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { print, complain } = surroundings.terminal;
  try {
    const asked = findHelp(args);
    if (asked !== undefined) {
      print(`${asked}\n`);
      return 0;
    }
    return await runCommand(args, surroundings);
  } catch (error) {
    if (error instanceof UsageError) {
      complain(`${error.message}\n\n${error.help}\n`);
      return 2;
    }
    complain(`${sentenceFor(error) ?? `This command met a fault: ${(error as Error).stack}`}\n`);
    return 1;
  }
}

async function runCommand(args: readonly string[], surroundings: Surroundings): Promise<number> {
  const { name, command, rest } = findCommand(args);
  const { values, positionals } = parse(name, command, rest);
  const { print, complain } = surroundings.terminal;
  const asJson = values.json === true;
  const progress = (line: string) => asJson || print(`${line}\n`);
  const report = await carryOut(name, command, { ...surroundings, operands: positionals, options: values, progress });
  if (!report) return 0;
  if (asJson) print(`${JSON.stringify(report.data, null, 2)}\n`);
  else if (report.text) print(`${report.text}\n`);
  const problems = report.problems ?? [];
  if (!asJson) for (const problem of problems) complain(`${problem}\n`);
  return problems.length > 0 ? 1 : 0;
}

async function carryOut(name: string, command: Command, call: Call): Promise<Report | undefined> {
  try {
    return await command.run(call);
  } catch (error) {
    if (error instanceof WrongInput) throw new UsageError(`lawang ${name}: ${error.message}`, usageOf(name));
    throw error;
  }
}

/** The help that was asked for, or undefined. */
function findHelp(args: readonly string[]): string | undefined {
  const [first, ...rest] = args;
  if (first === 'help') return rest.length === 0 ? overview() : usageOf(...namesUnder(rest));
  if (!args.includes('--help') && !args.includes('-h')) return undefined;
  const words = args.slice(
    0,
    args.findIndex((word) => word.startsWith('-')),
  );
  return words.length === 0 ? overview() : usageOf(...namesUnder(words));
}

/** The command of this name, or all that begin with it. @throws {UsageError} when there is none */
function namesUnder(words: readonly string[]): string[] {
  const name = words.slice(0, 2).join(' ');
  const found = Object.keys(commands).filter((known) => known === name || known.startsWith(`${name} `));
  if (found.length === 0) throw unknownCommand(words);
  return found;
}

function findCommand(args: readonly string[]): { name: string; command: Command; rest: readonly string[] } {
  if (args.length === 0) throw new UsageError('Which command?', overview());
  for (const length of [2, 1]) {
    const name = args.slice(0, length).join(' ');
    const command = Object.hasOwn(commands, name) ? commands[name] : undefined;
    if (command && args.length >= length) return { name, command, rest: args.slice(length) };
  }
  throw unknownCommand(args);
}

function unknownCommand(args: readonly string[]): UsageError {
  const words = args.filter((word) => !word.startsWith('-'));
  const [noun = ''] = words;
  const siblings = Object.keys(commands).filter((name) => name.startsWith(`${noun} `));
  if (siblings.length > 0 && words.length === 1)
    return new UsageError(`lawang ${noun}: what of it?`, usageOf(...siblings));
  const typed = words.slice(0, 2).join(' ') || (args[0] ?? '');
  const names = [...Object.keys(commands), 'help'];
  const nearest = findNearest(typed, names) ?? findNearest(noun, names);
  const hint = nearest ? ` Did you mean "lawang ${nearest}"?` : '';
  return new UsageError(`lawang ${typed}: there is no such command.${hint}`, overview());
}

function parse(name: string, command: Command, args: readonly string[]) {
  const options = optionsOf(command);
  const fail = (sentence: string) => new UsageError(`lawang ${name}: ${sentence}`, usageOf(name));
  const known = Object.keys(options).map((option) => `--${option}`);
  const unknown = args.slice(0, endOfOptions(args)).find((word) => {
    return word.startsWith('-') && word !== '-' && !known.includes(word.split('=', 1).join());
  });
  if (unknown !== undefined) {
    const nearest = findNearest(unknown, known);
    throw fail(`there is no option ${unknown}.${nearest ? ` Did you mean ${nearest}?` : ''}`);
  }
  const { values, positionals } = parseStrictly(args, options, fail);
  const { min, max } = command.operands ?? { min: 0, max: 0 };
  if (positionals.length > max) {
    const nearest = findNearest(`${name} ${positionals[0]}`, Object.keys(commands));
    const hint = nearest && nearest !== name ? ` Did you mean "lawang ${nearest}"?` : '';
    throw fail(`"${positionals[max]}" is too much.${hint}`);
  }
  if (positionals.length < min) throw fail(`${command.usage.split(' ')[0]} is missing.`);
  return { values, positionals };
}

function optionsOf(command: Command): NonNullable<Command['options']> {
  return { ...command.options, ...(command.printsData !== false && { json: { type: 'boolean' } }) };
}

function endOfOptions(args: readonly string[]): number {
  const at = args.indexOf('--');
  return at === -1 ? args.length : at;
}

function parseStrictly(
  args: readonly string[],
  options: NonNullable<Command['options']>,
  fail: (sentence: string) => UsageError,
): { values: Record<string, string | boolean | undefined>; positionals: string[] } {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    return { values: values as Record<string, string | boolean | undefined>, positionals };
  } catch (error) {
    throw fail((error as Error).message.split('\n', 1).join());
  }
}

function overview(): string {
  const rows = Object.entries(commands).map(([name, { usage, summary }]) => [`  ${name} ${usage}`, summary]);
  return [
    'lawang COMMAND',
    '',
    toTable([...rows, ['  help [COMMAND]', 'show this, or the usage of one command']]),
    '',
    'Commands that print data know --json. Settings come from the environment: see docs/configuration.md.',
  ].join('\n');
}

function usageOf(...names: string[]): string {
  const lines = names.map((name) => {
    const command = commands[name];
    const json = command?.printsData === false ? '' : '[--json]';
    const words = ['  lawang', name, command?.usage, json].filter(Boolean).join(' ');
    return [words, command?.summary ?? ''];
  });
  return `Usage:\n${toTable(lines)}`;
}
