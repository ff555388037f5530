/** `lawang receipts`: whether a receipt is genuine, on any machine. */
import { readFile } from 'node:fs/promises';
import { readConfig } from '#src/base/config.ts';
import { listPublicKeys, listRevokedKeys } from '#src/base/keys.ts';
import {
  RECEIPT_BYTES,
  type Receipt,
  type ReceiptKeys,
  readReceiptKeys,
  type ShortReceipt,
  type Verdict,
  verifyReceipt,
} from '#src/consents/receipts.ts';
import { revokedKeyOf } from '#src/oidc/receipts.ts';
import { type Call, type Command, type Report, WrongInput } from './command.ts';
import { withDatabase } from './open.ts';
import { toTable } from './text.ts';

export const verifyReceiptFile: Command = {
  usage: 'FILE [--keys FILE]',
  summary:
    'say whether a receipt is genuine and what it says; with --keys by a copy of /receipts/keys.json alone, without settings, ' +
    'database or network',
  operands: { min: 1, max: 1 },
  options: { keys: { type: 'string' } },
  run: async (call) => {
    const [file = ''] = call.operands;
    const text = await readSmallFile(file);
    return reportOf(file, await verifyReceipt(text, await loadKeys(call)));
  },
};

/** The keys of the file that was named; else the public halves in the database of this deployment. */
async function loadKeys({ options: { keys: file }, environment }: Call): Promise<ReceiptKeys> {
  if (typeof file !== 'string') {
    const config = readConfig(environment);
    return withDatabase(config, async (database) => {
      const revoked = await listRevokedKeys(database, 'receipt');
      return {
        issuer: config.issuer,
        keys: await listPublicKeys(database, 'receipt'),
        revoked: revoked.map(revokedKeyOf),
      };
    });
  }
  const keys = readReceiptKeys(await readFile(file, 'utf8').catch(() => ''));
  if (!keys) throw new WrongInput(`${file} is no copy of /receipts/keys.json.`);
  return keys;
}

async function readSmallFile(file: string): Promise<string> {
  const content = await readFile(file).catch(() => undefined);
  if (!content) throw new WrongInput(`${file} cannot be read.`);
  return content.subarray(0, RECEIPT_BYTES + 1).toString();
}

function reportOf(file: string, verdict: Verdict): Report {
  if (verdict.kind !== 'genuine')
    return { data: dataOf(verdict), text: '', problems: [`${file}: ${explain(verdict)}`] };
  const { receipt, keyId } = verdict;
  const lines = [...(receipt.form === 'full' ? linesOf(receipt) : shortLinesOf(receipt)), ['key', keyId]];
  return {
    data: { verdict: verdict.kind, key: keyId, receipt },
    text: `${file}: genuine. ${receipt.iss} issued it, and nothing in it was changed.\n\n${toTable(lines)}`,
  };
}

function dataOf(verdict: Exclude<Verdict, { kind: 'genuine' }>) {
  if (verdict.kind !== 'revoked-key') return { verdict: verdict.kind };
  const { kind, keyId, revokedAt, isLater, number } = verdict;
  return { verdict: kind, key: keyId, revoked_at: revokedAt.toISOString(), number, is_later_than_key: isLater };
}

function explain(verdict: Exclude<Verdict, { kind: 'genuine' }>): string {
  switch (verdict.kind) {
    case 'altered':
      return 'not genuine: it was changed, or not copied completely. Copy all of it once more, or ask its owner for the file.';
    case 'revoked-key':
      return explainRevoked(verdict);
    case 'unknown-key':
      return `cannot be confirmed: none of the keys is ${verdict.keyId}. Fetch /receipts/keys.json anew.`;
    case 'elsewhere':
      return `cannot be confirmed: it says that it comes from ${verdict.issuer}. Use the keys of that issuer.`;
    default:
      return 'no receipt. Give the file that the owner downloaded; it ends in .jws.';
  }
}

function explainRevoked({ keyId, revokedAt, isLater, number }: Extract<Verdict, { kind: 'revoked-key' }>): string {
  const since = `the key ${keyId} was revoked at ${revokedAt.toISOString()}`;
  if (isLater) return `not genuine: it tells of something later, and ${since}.`;
  return (
    `cannot be confirmed: ${since}, and whoever had stolen it may have written this with any date. ` +
    `The owner can download the same receipt anew, with the same number (${number}).`
  );
}

function linesOf({ sub, jti, purposes: [purpose], parties: [party], events }: Receipt): string[][] {
  const [began] = events;
  return [
    ['service', purpose.services[0].service_name],
    ['agency', party.party_name],
    ['purpose', purpose.purpose],
    ['basis', purpose.lawful_basis],
    ...purpose.pii_information.map((item) => [
      ...['data', [item.pii_attribute_id, item.purpose, item.law].filter(Boolean).join(' · ')],
    ]),
    ...purpose.pii_declined.map((claim) => ['declined', claim]),
    ...events.map((event) => [event.event_type, event.event_time]),
    ['until', began.valid_until],
    ...[
      ['person', sub],
      ['number', jti],
      ['wording', purpose.purpose_version],
    ],
  ];
}

function shortLinesOf(receipt: ShortReceipt): string[][] {
  const { service, controller, lawful_basis: basis, claims, events, sub, jti, valid_until: until } = receipt;
  return [
    ['service', service],
    ['agency', controller],
    ['basis', basis],
    ['data', claims],
    ...events.map(([event, at]) => [event, new Date(at * 1000).toISOString()]),
    ['until', new Date(until * 1000).toISOString()],
    ...[
      ['person', sub],
      ['number', jti],
      ['wording', receipt.purpose_version],
    ],
  ];
}
